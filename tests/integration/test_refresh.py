from tests.datasets import refreshed
def test_x(tmp_path, redis_url):
    a = refreshed(tmp_path, redis_url)
    print(a)
    print(refreshed(tmp_path, redis_url))
