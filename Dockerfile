# The app for a server or a hub, without a GPU:
#   docker build -t autoencoders .
#   docker run -p 127.0.0.1:8501:8501 -v autoencoders:/data autoencoders
# Other names by which browsers reach it, with spaces between them; "localhost" stays, as the health check asks for it:
#   docker run -e STREAMLIT_SERVER_ALLOWED_HOSTS="localhost my.host.name" ...
#   docker build --build-arg HOSTS="localhost my.host.name" ...
# It has no login and no TLS: see SECURITY.md before it is reached from elsewhere.
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 app && mkdir /data && chown app /data
WORKDIR /app

# Before the code, so that a change of it installs nothing anew. torch comes without CUDA.
COPY requirements.txt .
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir -r requirements.txt
COPY . .

ARG HOSTS="localhost 127.0.0.1"
ENV STREAMLIT_SERVER_ALLOWED_HOSTS="$HOSTS" \
    AECORE_DATA=/data/sets \
    AECORE_CHECKPOINTS=/data/runs \
    PYTHONUNBUFFERED=1
VOLUME /data
USER app
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "serve.py", "--server.address", "0.0.0.0", "--server.port", "8501", "--server.headless", "true"]
