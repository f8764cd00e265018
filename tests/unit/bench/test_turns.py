import numpy as np

from bench import turns

FOUR = np.arange(4)


def shares(numbers, packets):
    spoken = [turns.speak(numbers, 4, packet) for packet in packets]
    return np.mean(spoken, axis=0).tolist()


def test_one_speaks_alone_then_two_do():
    turn = turns.TURN_PACKETS

    assert turns.speak(FOUR, 4, 0).tolist() == [True, False, False, False]
    assert turns.speak(FOUR, 4, turn - 1).tolist() == [True, False, False, False]
    assert turns.speak(FOUR, 4, turn).tolist() == [False, True, True, False]


def test_all_of_a_group_get_the_same_share():
    assert shares(FOUR, range(8 * turns.TURN_PACKETS)) == [0.375] * 4


def test_groups_are_not_in_step():
    speaking = turns.speak(np.arange(12), 4, 0)

    assert speaking.reshape(3, 4).sum(axis=1).tolist() == [1, 2, 1]
