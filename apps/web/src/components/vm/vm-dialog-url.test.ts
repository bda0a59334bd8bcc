import { expect, test } from 'vitest'
import { parseVmDialog, withVmDialog } from './vm-dialog-url.ts'

test('a dialog in the URL survives the round trip, beside what else the URL holds', () => {
  const search = withVmDialog('?q=status%3Apaused', { verb: 'migrate', ref: { namespace: 'team-a', name: 'web-01' } })
  expect(search).toBe('?q=status%3Apaused&do=migrate&vm=team-a/web-01')
  expect(parseVmDialog(search)).toEqual({ verb: 'migrate', ref: { namespace: 'team-a', name: 'web-01' } })
  expect(withVmDialog(search)).toBe('?q=status%3Apaused')
})

test("on the VM's own page the VM is implied", () => {
  expect(withVmDialog('', { verb: 'stop' })).toBe('?do=stop')
  expect(parseVmDialog('?do=stop')).toEqual({ verb: 'stop' })
})

test('a verb without a dialog, and a malformed VM, open nothing', () => {
  for (const search of ['', '?do=explode', '?do=start', '?do=stop&vm=web-01', '?do=stop&vm=a/b/c', '?do=stop&vm=/web-01'])
    expect(parseVmDialog(search)).toBeUndefined()
})
