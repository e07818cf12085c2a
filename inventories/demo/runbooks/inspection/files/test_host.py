"""What the hospital's security baseline asks of every Linux host, as plain testinfra tests."""

_WRITABLE_BY_OTHERS = 0o022
_STICKY = 0o1777


def test_account_files_are_closed(host):
    for name in ("/etc/passwd", "/etc/group"):
        file = host.file(name)
        assert file.user in ("root", "nobody")
        assert not file.mode & _WRITABLE_BY_OTHERS


def test_shared_folder_is_sticky(host):
    assert host.file("/tmp").mode == _STICKY
