-- What readers say of insights that they got: how many found each worth their time. Who they are stands nowhere here.

create table raw.reader_votes (
    claim_id varchar not null,
    home varchar not null,               -- random id of the home folder whose subscribers they are: a lake may have several
    worth integer not null,
    not_worth integer not null,
    primary key (claim_id, home)
);
