import pytest
import torch

from adapp.backbones.storage import content_sha256, file_sha256, load_whole, save_whole


def test_tensors_come_back_as_they_went(tmp_path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2, dtype=torch.float16)}
    path = tmp_path / "deep" / "er" / "file.safetensors"
    save_whole(tensors, path)
    found = load_whole(path)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert [p.name for p in path.parent.iterdir()] == ["file.safetensors"]


def test_a_save_replaces_what_was_there(tmp_path):
    path = tmp_path / "file.safetensors"
    save_whole({"a": torch.zeros(2)}, path)
    save_whole({"a": torch.ones(2)}, path)
    assert torch.equal(load_whole(path)["a"], torch.ones(2))


def test_absent_and_damaged_files_read_as_none(tmp_path):
    path = tmp_path / "file.safetensors"
    assert load_whole(path) is None
    save_whole({"a": torch.zeros(50)}, path)
    path.write_bytes(path.read_bytes()[:-20])
    assert load_whole(path) is None
    path.write_bytes(b"")
    assert load_whole(path) is None


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(OSError, match="file"):
        save_whole({"a": torch.zeros(1)}, blocker / "x.safetensors")


def test_content_hash_sees_names_shapes_types_and_values_but_not_order():
    one, two = torch.arange(4.0), torch.ones(2)
    reference = content_sha256({"a": one, "b": two})
    assert content_sha256({"b": two, "a": one}) == reference
    different = [
        {"a": one, "c": two},
        {"a": one.reshape(2, 2), "b": two},
        {"a": one.int(), "b": two},
        {"a": one + 1e-6, "b": two},
    ]
    assert reference not in {content_sha256(tensors) for tensors in different}


def test_file_hash_is_the_sha256_of_the_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert file_sha256(path).startswith("ba7816bf8f01cfea414140de5dae2223")
