-- Where turns are traced at LangSmith: a turn's last trace, so that what people think of its answer is kept with it.
create table skein_traces (
    turn bigint primary key,
    trace uuid not null,
    begun_at timestamptz not null default now()
);
