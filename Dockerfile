# The app for a server or a hub, without a GPU:
#   docker build -t autoencoders .
#   docker run -p 127.0.0.1:8501:8501 -v autoencoders:/data autoencoders
# Other names than localhost, by which browsers reach it: -e AECORE_HOSTS='["my.host.name", "localhost"]', or
# --build-arg HOSTS='[...]' for good. The check of health asks for "localhost", which has to stay among them.
# It has no login and no TLS: see SECURITY.md before it leaves this machine.
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 app && mkdir /data && chown app /data
WORKDIR /app

# Before the code, so that a change of it installs nothing anew. torch comes without CUDA.
COPY requirements.txt .
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir -r requirements.txt
COPY . .

ARG HOSTS='["localhost", "127.0.0.1"]'
ENV AECORE_HOSTS=$HOSTS \
    AECORE_DATA=/data/sets \
    AECORE_CHECKPOINTS=/data/runs \
    PYTHONUNBUFFERED=1
VOLUME /data
USER app
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "from urllib.request import urlopen; urlopen('http://localhost:8501/_stcore/health', timeout=4)"
# By a shell, which fills in the names, and makes way for the server, so that `docker stop` reaches it.
CMD exec streamlit run serve.py --server.address 0.0.0.0 --server.port 8501 --server.headless true \
  --server.allowedHosts "$AECORE_HOSTS"
