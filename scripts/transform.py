"""Transforms template.yaml into plain CloudFormation as AWS would, without AWS.

Linting the SAM template does not see what the Serverless transform makes of it, nor what the generated schemas bring in
through AWS::Include. This puts both in place, for cfn-lint to read (it tries both sides of each condition by itself):

    python scripts/transform.py OUT.json && cfn-lint OUT.json
"""

import json
import os
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parent.parent
BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def include(node):
    """Replaces each AWS::Include by the file that it names."""
    if isinstance(node, list):
        return [include(item) for item in node]
    if not isinstance(node, dict):
        return node
    macro = node.get("Fn::Transform")
    if isinstance(macro, dict) and macro.get("Name") == "AWS::Include":
        included = yaml_parse((ROOT / macro["Parameters"]["Location"]).read_text())
        rest = {key: value for key, value in node.items() if key != "Fn::Transform"}
        return {**include(rest), **included}
    return {key: include(value) for key, value in node.items()}


def expand():
    template = include(yaml_parse((ROOT / "template.yaml").read_text()))
    # `sam package` would have put the built code in a bucket
    template["Globals"]["Function"]["CodeUri"] = "s3://a-bucket/function.zip"
    translator = Translator({"AWSLambdaBasicExecutionRole": BASIC_EXECUTION}, Parser())
    plain = translator.translate(template, {"Release": "offline"})
    translator.metrics.publish()  # to nowhere; else it complains
    return plain


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: transform.py OUT_FILE")
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks for one
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(expand(), indent=1))
