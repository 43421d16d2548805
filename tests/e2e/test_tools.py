"""The endpoints as tools for agents, driven by a client of their protocol; skipped without it."""

import ast
import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.e2e.conftest import free_port, serving
from tests.e2e.server import DEFECT, plate
from tests.e2e.test_endpoints import as_text

mcp = pytest.importorskip("mcp", reason='needs pip install "gradio[mcp]"')


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADAPP_MCP", "1")
        with serving(["-m", "tests.e2e.server", str(port), str(folder)], address, folder):
            yield address


def talk(url, *calls):
    """Return the names of the tools and the answer to each call."""
    from mcp.client.streamable_http import streamablehttp_client

    async def whole():
        async with (
            streamablehttp_client(f"{url}gradio_api/mcp/") as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
            return names, [await session.call_tool(name, given) for name, given in calls]

    with ThreadPoolExecutor(1) as own:  # the browser of other tests keeps a loop in this thread
        return own.submit(asyncio.run, whole()).result()


def test_every_endpoint_is_a_tool_that_takes_pictures_as_text(url, tmp_path):
    for number, defect in enumerate((None, None, None, DEFECT)):
        Image.fromarray(plate(number, defect)).save(tmp_path / f"{number}.png")
    good = [as_text(tmp_path / f"{number}.png") for number in range(3)]
    pictures = {"support": good, "query": [as_text(tmp_path / "3.png")]}
    asked = {**pictures, "method": "raid"}
    names, answers = talk(
        url,
        ("methods", {}),
        ("detect", asked),
        ("calibrate", {"support": good, "method": "raid"}),
        ("compare", {**pictures, "methods": ["raid"], "masks": []}),
        ("explain", {**asked, "question": "What is it?", "pages": []}),
        ("export", asked),
        ("detect", {**asked, "query": ["/etc/hostname"]}),
    )
    assert set(names) == {"methods", "detect", "calibrate", "compare", "explain", "export"}
    assert [answer.isError for answer in answers] == [False] * 6 + [True]
    found = ast.literal_eval(answers[1].content[0].text)[0]["queries"][0]
    assert (found["name"], found["verdict"]) == ("query_1.png", "anomalous")
    assert "query_1 (/etc/hostname) is no file of this app" in answers[-1].content[0].text
