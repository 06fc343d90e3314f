"""What the dashboard shows, row by row."""

from tools.grafana_panel import RATE, Line, Panel, number, of, rate

PERCENTILES = ("p50", "p95", "p99")
FIRST_FRAMES = "instance_engine:swash_first_frames_seconds"

OVERVIEW = (
    number("Servers", "Servers that answer.", "none", f"sum({of('up')})", red=0, green=1),
    number("Calls", "Calls answered in a second.", "reqps", f"sum({of('instance:swash_calls:rate5m')})"),
    number(
        "Failed",
        "Part of the calls that failed through no fault of their callers, of the worst server.",
        "percentunit",
        f"max({of('instance:swash_calls_failed:ratio_rate5m')})",
        green=0, yellow=0.005, red=0.02,
    ),
    number(
        "First frames, p99",
        "99 of 100 procedural sounds begin within this time after the call, on the slowest server.",
        "s",
        f"max({of(FIRST_FRAMES + ':p99_rate5m', engine='procedural')})",
        green=0, yellow=0.1, red=0.25,
    ),
    number(
        "Hit rate",
        "Part of the sounds that were remembered or being made already, of the worst server.",
        "percentunit",
        f"min({of('instance:swash_cache_hits:ratio_rate5m')})",
    ),
    number(
        "Alerts",
        "Alerts that are firing; docs/guides/monitoring.md says what to do.",
        "none",
        'count(ALERTS{alertname=~"Swash.+", alertstate="firing"}) or vector(0)',
        green=0, red=1,
    ),
    Panel(
        "Calls by method",
        "A live session counts when it ends.",
        "reqps",
        (Line(rate("swash_calls_total", "method"), "{{method}}"),),
        stacked=True,
    ),
    Panel(
        "Calls by code",
        "How calls ended. CANCELLED: the caller has left.",
        "reqps",
        (Line(rate("swash_calls_total", "code"), "{{code}}"),),
        stacked=True,
    ),
    Panel(
        "Calls by transport",
        "Native gRPC, or gRPC-Web and Connect on the HTTP port.",
        "reqps",
        (Line(rate("swash_calls_total", "transport"), "{{transport}}"),),
        stacked=True,
    ),
    Panel(
        "First frames",
        "From the arrival of a Render call to its first audio, by the engine that was asked for.",
        "s",
        tuple(Line(of(f"{FIRST_FRAMES}:{p}_rate5m"), f"{p} {{{{engine}}}} {{{{instance}}}}") for p in PERCENTILES),
        logarithmic=True,
    ),
    Panel(
        "Hits by tier",
        "Where sounds came from: memory, store, joined (being made for somebody else), or no: made anew.",
        "percentunit",
        (
            Line(
                f"{rate('swash_cache_lookups_total', 'cached')} / scalar(sum(rate("
                f"{of('swash_cache_lookups_total')}[{RATE}])))",
                "{{cached}}",
            ),
        ),
        stacked=True,
        top=1.0,
    ),
    Panel(
        "Failed and refused",
        "Calls that failed through no fault of their callers, and sounds refused by which limit.",
        "reqps",
        (
            Line(f"sum({of('instance:swash_calls_failed:rate5m')})", "failed"),
            Line(rate("swash_refused_total", "reason"), "refused: {{reason}}"),
        ),
    ),
)  # fmt: skip

ENGINES = (
    Panel(
        "Engines",
        "Green: warm. Red: warming up, or it cannot be had though the settings name it.",
        "none",
        (Line(of("swash_engine_up"), "{{engine}} {{instance}}"),),
        "state-timeline",
        steps={"red": 0, "green": 1},
        words={0: "not up", 1: "up"},
    ),
    Panel(
        "Real-time factor",
        "Compute seconds for each second of audio; below 1 is faster than real time.",
        "none",
        (Line(of("instance_engine:swash_rtf_ratio:mean5m"), "{{engine}} {{instance}}"),),
        logarithmic=True,
        steps={"green": 0, "yellow": 0.5, "red": 1},
    ),
    Panel(
        "Compute time of a sound, p95",
        "95 of 100 sounds are made within this time.",
        "s",
        (Line(of("instance_engine:swash_render_seconds:p95_rate5m"), "{{engine}} {{instance}}"),),
        logarithmic=True,
    ),
    Panel(
        "Queue",
        "Sounds that wait to be begun, and neural ones made behind after a fallback. Dashed: how many may wait.",
        "none",
        (
            Line(of("swash_waiting_sounds"), "{{queue}} {{priority}} {{instance}}"),
            Line(of("swash_behind_sounds"), "behind {{instance}}"),
            Line(
                of("swash_waiting_limit_sounds", priority="interactive"),
                "limit {{queue}} {{instance}}",
                limit=True,
            ),
        ),
    ),
    Panel(
        "Waiting for a turn, p95",
        "95 of 100 sounds were begun within this time.",
        "s",
        (Line(of("instance_priority:swash_queue_wait_seconds:p95_rate5m"), "{{priority}} {{instance}}"),),
        logarithmic=True,
    ),
    Panel(
        "Sounds being made",
        "Dashed: how many may be made at once.",
        "none",
        (
            Line(of("swash_recording_sounds"), "{{instance}}"),
            Line(of("swash_recording_limit_sounds"), "limit {{instance}}", limit=True),
        ),
    ),
    Panel(
        "Stages of a neural sound",
        "Mean time of each part.",
        "s",
        (
            Line(
                f"{rate('swash_stage_seconds_sum', 'engine, stage')} / "
                f"{rate('swash_stage_seconds_count', 'engine, stage')}",
                "{{engine}} {{stage}}",
            ),
        ),
        stacked=True,
    ),
    Panel(
        "Audio made",
        "Seconds of audio in a second, the live ones too.",
        "none",
        (Line(rate("swash_audio_seconds_total", "engine"), "{{engine}}"),),
    ),
    Panel(
        "Sampler steps",
        "Steps of the neural engine's sampler in a second.",
        "ops",
        (Line(rate("swash_steps_total", "engine"), "{{engine}}"),),
    ),
    Panel(
        "Instead and in vain",
        "Fallbacks to the procedural engine, failures of the quality gate, and renders that nobody waited for.",
        "ops",
        (
            Line(rate("swash_fallbacks_total", "reason"), "fallback: {{reason}}"),
            Line(rate("swash_quality_failures_total", "engine, reason"), "quality: {{engine}} {{reason}}"),
            Line(f"sum(rate({of('swash_stopped_renders_total')}[{RATE}]))", "stopped"),
        ),
    ),
)

LIVE = (
    Panel(
        "Sessions",
        "Live sessions that are open. Dashed: how many may be.",
        "none",
        (
            Line(of("swash_live_sessions"), "{{instance}}"),
            Line(of("swash_live_limit_sessions"), "limit {{instance}}", limit=True),
        ),
        width=6,
    ),
    Panel(
        "Voices",
        "Live voices; a prompt of three layers counts three. Dashed: how many may sound.",
        "none",
        (
            Line(of("swash_live_voices"), "{{instance}}"),
            Line(of("swash_live_limit_voices"), "limit {{instance}}", limit=True),
        ),
        width=6,
    ),
    Panel(
        "Commands",
        "Commands of live sessions in a second.",
        "ops",
        (Line(rate("swash_live_commands_total", "outcome"), "{{outcome}}"),),
        width=6,
    ),
    Panel(
        "Underruns and restarts",
        "Frames that came later than they were due, and processes that were begun anew because one had died.",
        "ops",
        (
            Line(rate("swash_live_underruns_total", "instance"), "underruns {{instance}}"),
            Line(rate("swash_live_restarts_total", "instance"), "restarts {{instance}}"),
        ),
        width=6,
        steps={"green": 0, "yellow": 0.1},
    ),
)

STORE = (
    Panel(
        "Remembered sounds",
        "Bytes by tier. Dashed: the limit.",
        "bytes",
        (
            Line(of("swash_cache_bytes"), "{{tier}} {{instance}}"),
            Line(of("swash_cache_limit_bytes"), "limit of {{tier}} {{instance}}", limit=True),
        ),
    ),
    Panel(
        "Preloaded sounds",
        "Bytes that may not be forgotten. Dashed: the limit.",
        "bytes",
        (
            Line(of("swash_pinned_bytes"), "{{instance}}"),
            Line(of("swash_pinned_limit_bytes"), "limit {{instance}}", limit=True),
        ),
    ),
    Panel(
        "Preloads",
        "Takes of preloads in a second, by what became of them.",
        "ops",
        (Line(rate("swash_preloads_total", "outcome"), "{{outcome}}"),),
        stacked=True,
    ),
    Panel(
        "Free on the store's disk",
        "Part of the disk that is free.",
        "percentunit",
        (Line(of("instance:swash_store_disk_free_bytes:ratio"), "{{instance}}"),),
        top=1.0,
        steps={"red": 0, "yellow": 0.05, "green": 0.15},
    ),
    Panel(
        "Trouble of the store",
        "Files that were not what they should be, and sounds that could not be kept.",
        "ops",
        (
            Line(rate("swash_store_damaged_total", "instance"), "damaged {{instance}}"),
            Line(rate("swash_store_unwritten_total", "instance"), "unwritten {{instance}}"),
        ),
    ),
    Panel(
        "Sent",
        "Bytes of audio in a second, by encoding.",
        "Bps",
        (Line(rate("swash_sent_bytes_total", "encoding"), "{{encoding}}"),),
        stacked=True,
    ),
    Panel(
        "Memory",
        "Memory of the server in RAM, without the processes of live voices, and what sounds being made take.",
        "bytes",
        (
            Line(of("process_resident_memory_bytes"), "resident {{instance}}"),
            Line(of("swash_recording_bytes"), "being made {{instance}}"),
        ),
    ),
    Panel(
        "CPU",
        "Cores in use, without the processes of live voices.",
        "none",
        (Line(rate("process_cpu_seconds_total", "instance"), "{{instance}}"),),
    ),
    Panel(
        "Event loop lag, p99",
        "How late the event loop wakes up, through which every call goes.",
        "s",
        (Line(of("instance:swash_event_loop_lag_seconds:p99_rate5m"), "{{instance}}"),),
        steps={"green": 0, "yellow": 0.025, "red": 0.1},
    ),
    Panel(
        "Open files",
        "Part of the files and connections that may be open.",
        "percentunit",
        (Line(of("instance:process_open_fds:ratio"), "{{instance}}"),),
        top=1.0,
        steps={"green": 0, "yellow": 0.7, "red": 0.9},
    ),
    Panel(
        "Up for",
        "Time since the server was started.",
        "s",
        (Line(f"time() - {of('process_start_time_seconds')}", "{{instance}}"),),
    ),
    Panel(
        "Versions",
        "Which swash, on which Python and machine.",
        "none",
        (Line(of("swash_build_info"), "{{version}}, Python {{python}}, {{machine}}: {{instance}}"),),
        "state-timeline",
        steps={"green": 0},
    ),
)

SERVERS = (
    Panel(
        "Shared tier",
        "Whether the Redis or Valkey that servers share answers; nothing where there is none.",
        "none",
        (Line(of("swash_shared_up"), "{{instance}}"),),
        "state-timeline",
        steps={"red": 0, "green": 1},
        words={0: "done without", 1: "up"},
    ),
    Panel(
        "Shared tier: answers, p95",
        "95 of 100 questions were answered, or given up, within this time.",
        "s",
        (
            Line(
                f"histogram_quantile(0.95, sum by (op, le) (rate({of('swash_shared_seconds_bucket')}[{RATE}])))",
                "{{op}}",
            ),
        ),
        logarithmic=True,
    ),
    Panel(
        "Shared tier: in vain",
        "Questions that it did not answer in time, and values that were not what they should be.",
        "ops",
        (
            Line(rate("swash_shared_failures_total", "op"), "{{op}}"),
            Line(rate("swash_shared_damaged_total", "instance"), "damaged {{instance}}"),
        ),
    ),
    Panel(
        "Refused at the door",
        "Connections and requests that were refused or cut off before they were calls.",
        "ops",
        (Line(rate("swash_door_refused_total", "reason"), "{{reason}}"),),
    ),
    Panel(
        "Credentials read again",
        "Files of TLS and of tokens that were read again after a change.",
        "ops",
        (Line(rate("swash_credentials_reads_total", "what, outcome"), "{{what}} {{outcome}}"),),
    ),
    Panel(
        "Processes begun anew",
        "Processes of engines, and of the gRPC port, that were begun because another had died.",
        "ops",
        (
            Line(rate("swash_engine_restarts_total", "engine"), "{{engine}}"),
            Line(rate("swash_io_restarts_total", "instance"), "gRPC {{instance}}"),
        ),
        steps={"green": 0, "yellow": 0.01},
    ),
    Panel(
        "Forgotten sounds",
        "Sounds that a cache forgot in a second to make room.",
        "ops",
        (Line(rate("swash_cache_evictions_total", "tier"), "{{tier}}"),),
    ),
    Panel(
        "Tasks and processes",
        "Tasks of the event loop, and processes that serve the gRPC port.",
        "none",
        (
            Line(of("swash_event_loop_tasks"), "tasks {{instance}}"),
            Line(f"sum by (instance) ({of('swash_io_processes')})", "processes {{instance}}"),
        ),
    ),
)

ROWS = {
    "Overview": OVERVIEW,
    "Engines": ENGINES,
    "Live": LIVE,
    "Store and memory": STORE,
    "Servers and strangers": SERVERS,
}
