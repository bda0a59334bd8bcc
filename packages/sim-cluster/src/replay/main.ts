// npm run contract: replays the captures and prints the table.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { capturesDirectory } from './captures.ts'
import { showDifference } from './compare.ts'
import { exceptionsInMarkdown } from './markdown.ts'
import { capturesExist, countByFolder, runReplay } from './run.ts'
import { kubeconfigTarget } from './kubeconfig-target.ts'
import { simulatedTarget } from './simulated-target.ts'
import { showTable } from './table.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    kubeconfig: { type: 'string' },
    context: { type: 'string' },
    scene: { type: 'string' },
    verbose: { type: 'boolean' },
    markdown: { type: 'boolean' },
  },
})

if (values.markdown) {
  console.log(exceptionsInMarkdown())
} else if (!capturesExist()) {
  console.log(`Skipped: the captures of a real cluster are not in ${capturesDirectory}. They are no part of the repository.`)
} else {
  const { kubeconfig, context } = values
  const newTarget = kubeconfig === undefined ? simulatedTarget : () => kubeconfigTarget(kubeconfig, context)
  const run = await runReplay(newTarget, values.scene === undefined ? undefined : new RegExp(values.scene))
  const folders = countByFolder(run)
  for (const verdict of run.verdicts) {
    if (verdict.verdict !== 'failed') continue
    console.log(`✗ ${verdict.name}`)
    for (const difference of verdict.differences.slice(0, values.verbose ? 200 : 6)) console.log(`    ${showDifference(difference)}`)
    if (!values.verbose && verdict.differences.length > 6) console.log(`    … and ${verdict.differences.length - 6} more`)
  }
  for (const { scene, error } of run.brokenOff) console.log(`✗ The scene ${scene} broke off: ${String(error)}`)
  console.log(`\n${showTable(folders)}`)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ folders }, undefined, 2)}\n`)
  if (run.brokenOff.length > 0 || run.verdicts.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1
}
