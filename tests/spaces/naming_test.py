from nse_tf.spaces import nearest_names


def test_the_nearest_name_comes_first() -> None:
    known = ["fairnas", "spos_tiny", "spos", "proxyless"]
    assert nearest_names("spoz", known).startswith("'spos'")


def test_first_names_stand_in_where_nothing_is_near() -> None:
    assert nearest_names("123", "dcba") == "'a', 'b', 'c'"


def test_no_more_names_than_asked_are_offered() -> None:
    assert nearest_names("aa", ["aa", "ab", "ac"], limit=1) == "'aa'"
