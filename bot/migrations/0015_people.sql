-- What people have set for themselves.
create table skein_people (
    workspace text not null,
    person text not null,
    language text not null,          -- in which they want to be answered, in English
    primary key (workspace, person)
);
