from api import draining


def test_nobody_is_leaving_until_it_is_said(tmp_path):
    path = tmp_path / "drain"
    draining.make(path)
    is_leaving = draining.watch({draining.FILE: str(path)})
    assert not is_leaving()

    draining.begin(path)

    assert is_leaving()


def test_a_worker_without_a_parent_stays():
    assert not draining.watch({})()
