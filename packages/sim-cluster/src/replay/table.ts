// The suite's result as a table.
import type { FolderCount } from './run.ts'

export function showTable(folders: Record<string, FolderCount>): string {
  const rows = Object.entries(folders).map(([folder, { total, claimed, passed }]) => [
    folder,
    String(total),
    String(claimed),
    String(passed),
  ])
  const sum = (key: keyof FolderCount) => Object.values(folders).reduce((total, count) => total + count[key], 0)
  const all = [
    ['folder', 'captures', 'claimed', 'passed'],
    ...rows,
    ['all', String(sum('total')), String(sum('claimed')), String(sum('passed'))],
  ]
  return all.map(([folder = '', ...numbers]) => [folder.padEnd(14), ...numbers.map((text) => text.padStart(9))].join('')).join('\n')
}
