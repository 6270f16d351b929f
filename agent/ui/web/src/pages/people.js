// SPDX-License-Identifier: Apache-2.0
// The same figures by who: users, teams, repositories, agents, and the rest.
import { Segmented } from "../parts/common.js";
import { html } from "../ui.js";
import { go, href } from "../url.js";
import { GroupPage } from "./group.js";

const KINDS = { users: ["user", "User", "Users"], teams: ["team", "Team", "Teams"], repos: ["repo", "Repository", "Repositories"], agents: ["agent", "Agent", "Agents"], tiers: ["tier", "Tier", "Tiers"], hosts: ["host", "Host", "Hosts"] };

export function People({ scope, kind = "users" }) {
	const [by, label, title] = KINDS[kind] || KINDS.users;
	return html`<${GroupPage} key=${by} by=${by} label=${label} title=${title} name=${kind === "users" ? "people" : kind} scope=${scope}
		tabs=${html`<div><${Segmented} name="By" value=${kind} options=${Object.entries(KINDS).map(([k, v]) => [k, v[2]])} onChange=${(k) => go(href(k === "users" ? "/people" : `/people/${k}`))} /></div>`} />`;
}
