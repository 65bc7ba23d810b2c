# docker build -t tileprop . && docker run --rm tileprop train --hidden 64,64
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends git make
COPY . /tileprop
WORKDIR /tileprop
RUN make deps && make deb

FROM debian:12-slim
COPY --from=build /tileprop/build/deb/ /tmp/deb/
RUN apt-get update && apt-get install -y --no-install-recommends /tmp/deb/*.deb && rm -rf /tmp/deb /var/lib/apt/lists/*
# The first user of most hosts, who then owns what is written below /work; others say docker run -u "$(id -u)".
USER 1000:1000
WORKDIR /work
# The first argument is the program: train, predict, sweep or export.
ENTRYPOINT ["sh", "-c", "exec \"tileprop-$0\" \"$@\""]
CMD ["train", "--help"]
