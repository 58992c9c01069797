# A small image with the static binary and the authorities that https needs:
#     docker build -t pmhooks .
#     docker run --rm -e POSTMARK_SERVER_TOKEN pmhooks list
#     docker run --rm -v "$PWD:/work:ro" -w /work -e POSTMARK_SERVER_TOKEN pmhooks diff hooks.yaml
FROM rust:1.95-alpine AS build
RUN apk add --no-cache ca-certificates musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked && cp target/release/pmhooks /pmhooks && mkdir -m 0700 /nobody

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /pmhooks /pmhooks
# Nobody, with a home of its own: profiles, backups and the sandbox live there.
COPY --from=build --chown=65534:65534 /nobody /home
USER 65534:65534
ENV HOME=/home
VOLUME /home
ENTRYPOINT ["/pmhooks"]
