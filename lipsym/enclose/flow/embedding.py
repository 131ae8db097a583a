"""placeholder"""


def embedded(field, states, span, time, length, order):
    return None
