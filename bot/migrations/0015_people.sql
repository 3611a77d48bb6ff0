-- What people have set for themselves.
create table skein_people (
    workspace text not null,
    person text not null,
    language text not null default '',   -- in which they want to be answered, in English
    viewing text not null default '',    -- the channel that they looked at when they last wrote privately, if Slack said so
    primary key (workspace, person)
);
