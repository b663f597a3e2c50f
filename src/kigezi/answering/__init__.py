"""What answers for a photograph with an exported model: no Keras, no Kedro."""
