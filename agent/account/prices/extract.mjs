// SPDX-License-Identifier: Apache-2.0
// Prints the price list of @pydantic/genai-prices as one JSON object, without what the
// agent does not read. Run where its node_modules are, with our package.json beside.
import fs from 'node:fs'
import { waitForUpdate } from '@pydantic/genai-prices'

const ours = JSON.parse(fs.readFileSync('package.json'))
const theirs = JSON.parse(fs.readFileSync('node_modules/@pydantic/genai-prices/package.json'))
const pick = (from, keys) => Object.fromEntries(keys.filter((k) => from[k] !== undefined).map((k) => [k, from[k]]))

// Without an update from outside, this is the list that the package carries.
const providers = (await waitForUpdate()).map((p) => ({
  ...pick(p, ['id', 'name', 'api_pattern', 'provider_match', 'model_match', 'fallback_model_providers']),
  models: p.models.map((m) => pick(m, ['id', 'match', 'context_window', 'prices'])),
}))
if (!providers.length || !providers.every((p) => p.models.length)) throw new Error('no prices in the package')
process.stdout.write(JSON.stringify({ version: theirs.version, price_date: ours.gentap.price_date, providers }))
