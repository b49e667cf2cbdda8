# deskpulse as an image: every command, as a user without rights. docker-compose.yml builds it.
#
#   docker build -t deskpulse:0.1.0 .
#   docker run --rm deskpulse:0.1.0 --help

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /source
COPY . .
# The project's own wheel, and one of each of its dependencies.
RUN pip wheel --quiet --no-cache-dir --disable-pip-version-check --wheel-dir /wheels .

FROM python:3.11.14-slim-bookworm
# From the wheels of the first stage alone, of which no layer has a copy.
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m venv /opt/deskpulse && \
    /opt/deskpulse/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --no-index --find-links /wheels deskpulse
# `generate --output /generated` may be given volumes, which then begin with these folders' owner.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin deskpulse && \
    install --directory --owner=deskpulse --group=deskpulse /var/lib/deskpulse /generated \
    /generated/prometheus /generated/docs /generated/grafana /generated/grafana/provisioning /generated/grafana/dashboards
ENV PATH=/opt/deskpulse/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DESKPULSE_BIND=0.0.0.0 \
    DESKPULSE_STATE_DIR=/var/lib/deskpulse
VOLUME /var/lib/deskpulse
EXPOSE 6066 8080
USER deskpulse
STOPSIGNAL SIGTERM
# Of a worker and of a board; for other commands switch it off (--no-healthcheck).
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["python", "-m", "deskpulse.health"]
ENTRYPOINT ["deskpulse"]
CMD ["worker"]
