"""Classifies an image with a file of nse_export, using LiteRT alone.

pip install ai-edge-litert pillow
python examples/classify.py model_int8.tflite photo.jpg
"""

import json
import pathlib
import sys

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

content = pathlib.Path(sys.argv[1]).read_bytes()
model = schema.Model.GetRootAs(content, 0)
for index in range(model.MetadataLength()):
    entry = model.Metadata(index)
    if entry.Name() == b"nse_tf.classifier.json":
        buffer = model.Buffers(entry.Buffer())
        facts = json.loads(buffer.DataAsNumpy().tobytes())
given = facts["input"]
size = (given["width"], given["height"])
mode = "L" if given["channels"] == 1 else "RGB"
pixels = np.asarray(Image.open(sys.argv[2]).convert(mode).resize(size))
values = pixels * given["scale"] + given["offset"]
run = Interpreter(model_content=content).get_signature_runner()
shape = (1, given["height"], given["width"], given["channels"])
scores = run(image=values.reshape(shape).astype(given["type"]))["scores"][0]
print(facts["labels"][scores.argmax()])
