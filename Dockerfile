# adapp in a container: torch as pip finds it (on Linux it runs on CPU and CUDA). PyTorch's own index of
# CPU wheels makes a smaller image: --build-arg TORCH_INDEX=ADDRESS
#   docker build -t adapp .
#   docker run -p 7860:7860 adapp
#   docker run --gpus all -p 7860:7860 adapp        (with an NVIDIA GPU)
FROM python:3.12-slim

ARG TORCH_INDEX=

RUN useradd --create-home --uid 1000 adapp
WORKDIR /home/adapp/app

COPY --chown=adapp requirements.txt ./
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.txt

COPY --chown=adapp . .

USER adapp
ENV ADAPP_HOST=0.0.0.0 \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_OFFLINE=1 \
    PYTHONUNBUFFERED=1
EXPOSE 7860

# The page answers as soon as the app serves, even while the model is still being loaded.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=4)"]

# ADAPP_AUTH=name:password asks for a sign-in; ADAPP_MCP=1 turns the endpoints into MCP tools.
CMD ["python", "app.py"]
