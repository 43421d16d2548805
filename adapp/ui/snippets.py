"""Programs that call this very app, word for word as a person would run them."""

import json

PYTHON = """\
from gradio_client import Client, handle_file

client = Client("{url}")
report, overlays = client.predict(
    support=[handle_file("good_1.png"), handle_file("good_2.png")],
    query=[handle_file("part.png")],
    method="{method}",
    category="metal plate",
    api_name="/detect",
)
found = report["queries"][0]
print(found["verdict"], found["score"], overlays[0])
"""

COMPARE = """\
from gradio_client import Client, handle_file

client = Client("{url}")
report, files = client.predict(
    support=[handle_file("good_1.png"), handle_file("good_2.png")],
    query=[handle_file("part.png")],
    masks=None,
    category="metal plate",
    api_name="/compare",
)
for method in report["pictures"][0]["methods"]:
    print(method["method"], method["verdict"], method["score"])
"""

CURL = """\
URL={url}
upload() {{ curl -s -F "files=@$1" "$URL/gradio_api/upload" | sed 's/^\\["//; s/"\\]$//'; }}
file() {{ printf '{{"path":"%s","meta":{{"_type":"gradio.FileData"}}}}' "$(upload "$1")"; }}
GOOD="[$(file good_1.png),$(file good_2.png)]"
PART="[$(file part.png)]"
DATA="[$GOOD,$PART,\\"{method}\\",\\"metal plate\\",\\"{preset}\\",\\"{checkpoint}\\",false,0]"
ID=$(curl -s "$URL/gradio_api/call/detect" -H 'Content-Type: application/json' \\
  -d "{{\\"data\\":$DATA}}" | sed 's/.*"event_id":"\\([^"]*\\)".*/\\1/')
curl -s -N "$URL/gradio_api/call/detect/$ID"
"""


def python_snippet(url: str, method: str) -> str:
    """Return a Python program that inspects ``part.png``."""
    return PYTHON.format(url=url, method=method)


def compare_snippet(url: str) -> str:
    """Return a Python program that compares the methods on ``part.png``."""
    return COMPARE.format(url=url)


def curl_snippet(url: str, method: str, preset: str, checkpoint: str) -> str:
    """Return a shell program that inspects ``part.png`` with cURL."""
    return CURL.format(url=url, method=method, preset=preset, checkpoint=checkpoint)


def mcp_snippet(url: str) -> str:
    """Return the entry for an MCP client."""
    return json.dumps({"mcpServers": {"adapp": {"url": f"{url}/gradio_api/mcp/"}}}, indent=2)
