# Starts and stops the local agent. Sourced by run.sh and watch.sh.

toolgate="$BIN/toolgate"
url="http://127.0.0.1:$PORT"
log="$DATA/server.log"
server=

stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Whether /health returns 200. Only bash is used, because curl may be missing.
healthy() {
    { exec 3<>"/dev/tcp/127.0.0.1/$PORT"; } 2>/dev/null || return 1
    printf 'GET /health HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$PORT" >&3
    local status=
    read -r -t 5 status <&3 || true
    exec 3>&-
    [[ $status == HTTP/1.?\ 200* ]]
}

# start ARGS..: runs `toolgate dev ARGS..` in the background, and waits until it is healthy.
start() {
    if healthy; then
        echo "port $PORT is already in use: stop the program on it, or choose another port with PORT=…" >&2
        exit 1
    fi
    # The output goes to a file, so that the terminal belongs to the chat. Other users must not be able to read the
    # file.
    (umask 077 && mkdir -p "$DATA" && : >"$log")
    # A separate process group, so that Ctrl-C in the chat does not stop it.
    set -m
    "$toolgate" dev --template template.yaml --port "$PORT" --data "$DATA" "$@" </dev/null >>"$log" 2>&1 &
    server=$!
    set +m
    local tries=0
    until healthy; do
        if ! kill -0 "$server" 2>/dev/null || [ $((tries += 1)) -gt 600 ]; then
            cat "$log" >&2
            echo "the local agent did not start; its log is $log" >&2
            exit 1
        fi
        sleep 0.05
    done
}
