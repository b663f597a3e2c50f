"""MobileNetV2, which of its layers are trained, and one training: Keras, no Kedro."""
