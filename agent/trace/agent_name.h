/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent is called, as far as its calls tell: the best source that has a name
 * counts. Pure; what is returned lies in what was given.
 */
#ifndef TRACE_AGENT_NAME_H
#define TRACE_AGENT_NAME_H

#include "call.h"

enum name_source {
	NAME_NONE,
	NAME_PROGRAM,	 /* executable or script */
	NAME_USER_AGENT, /* of an agent program that is known */
	NAME_PROMPT,	 /* "You are X" */
	NAME_ARGUMENT,	 /* of the tool call that opened it, or of the hand-off */
	NAME_API,	 /* a field of the request */
};
const char *name_source_name(enum name_source source);

struct agent_name {
	enum name_source source;
	struct slice name;
	struct slice version; /* of a known program */
};

/* By API field, system prompt, User-Agent; the program's name is not looked at. */
struct agent_name agent_name_find(const struct call *c);
/* A script's or an executable's name from a command line. */
struct slice agent_name_of_program(struct slice cmdline, struct slice comm);
/* Is it a program that runs one agent for one user, whose every call belongs to it? */
bool agent_name_is_cli(struct slice user_agent);

/* The agent that a tool hands over to, by the tool's name ("transfer_to_writer"); absent
 * when it is no such tool. */
struct slice agent_name_handoff(struct slice tool);

#endif
