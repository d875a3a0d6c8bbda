import torch

from amela.training.device import generator_states, prepare_device, set_generator_states


def test_generators_go_on_where_they_were():
    device = prepare_device()
    torch.rand(5)
    states = generator_states(device)
    first = torch.rand(8, device=device)
    torch.rand(3)
    set_generator_states(states, device)
    assert torch.equal(torch.rand(8, device=device), first)


def test_one_thread():
    prepare_device()
    assert torch.get_num_threads() == 1  # sums over several would be rounded otherwise
