"""The only writers of the counter: `devices` (enrolment, PINs), `sync` (what devices send), `sessions`, `sales`, `returns`,
`shortages` and `desk` (what people settle afterwards)."""
