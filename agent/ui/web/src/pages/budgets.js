// SPDX-License-Identifier: Apache-2.0
// What was set as a limit, how much of it is spent, where the period's burn leads.
import { url, useGet } from "../api.js";
import { money, percent } from "../format.js";
import { Command, Empty, Panel } from "../parts/common.js";
import { cls, html } from "../ui.js";

export function Budgets() {
	const { data, error } = useGet(url("budgets")), list = data?.budgets || [];
	return html`<h1>Budgets</h1>${error || !data ? html`<${Panel} error=${error}><div></div></${Panel}>` : !list.length ? html`<${Panel}><${Empty} title="No budget is set"><p>A budget warns before money is gone: by model, user, team or repository, a day, week or month.</p><${Command}>gentap budget set research --limit 50 --period month --where team:research</${Command}></${Empty}></${Panel}>`
		: html`<div class="cards">${list.map((b) => {
			const used = b.limit ? b.spent / b.limit : 0, tone = used >= b.alert ? "error" : used >= b.warn ? "warn" : "";
			return html`<section class="panel" aria-label=${b.name}><header><h2>${b.name}</h2><span class="grow"></span><span class="second">${b.period}</span></header><div class="body" style=${{ display: "grid", gap: "8px" }}>
				<div class="row"><span class="big" style=${{ fontSize: "22px" }}>${b.unknown ? "≥ " : ""}${money(b.spent)}</span><span class="second">of ${money(b.limit)} · ${percent(used)}</span></div>
				<div class="meter"><i class=${tone} style=${{ width: `${Math.min(1, used) * 100}%` }}></i><b style=${{ left: `${b.elapsed * 100}%` }} title="where the period is"></b></div>
				<div class=${cls("num", b.forecast > b.limit ? "warn" : "second")}>${b.forecast == null ? "no forecast yet" : `at this burn ${money(b.forecast)} by its end`}</div>
				${b.scope && html`<div class="mono second">${b.scope}</div>`}${b.unknown > 0 && html`<div class="second">${b.unknown} calls have no price</div>`}</div></section>`;
		})}</div>`}`;
}
