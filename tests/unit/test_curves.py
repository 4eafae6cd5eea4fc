import json

from batch.curves import write_training_report


def test_each_curve_is_a_table_of_its_own(tmp_path):
    points = [("people/loss", 1, 0.5), ("people/ndcg", 1, 0.1), ("people/loss", 2, 0.25)]

    write_training_report({"ndcg@10": 0.5}, points, tmp_path)

    assert json.loads((tmp_path / "metrics.json").read_text()) == {"ndcg@10": 0.5}
    assert (tmp_path / "curves/people/loss.tsv").read_text() == "step\tloss\n1\t0.5\n2\t0.25\n"
    assert (tmp_path / "curves/people/ndcg.tsv").read_text() == "step\tndcg\n1\t0.1\n"


def test_a_training_without_curves_still_has_their_folder(tmp_path):
    write_training_report({}, [], tmp_path / "report")

    assert list((tmp_path / "report" / "curves").iterdir()) == []
