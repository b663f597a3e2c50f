"""How deep should MobileNetV2 be unfrozen? A study on anyone's photographs."""

__version__ = "0.1.0"
