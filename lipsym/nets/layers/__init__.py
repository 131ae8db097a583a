"""The layers of a network, one file each: frozen records of what a layer is, no formula of a bound."""
