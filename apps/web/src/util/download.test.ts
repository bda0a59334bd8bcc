import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns } from '../../../server/src/testing/property-runs.ts'
import { fileName } from './download.ts'

test.each([
  ['web-01-serial.txt', 'web-01-serial.txt'],
  ['сервер 7.csv', 'сервер_7.csv'],
  ['../../etc/passwd', '_/../etc/passwd'.replaceAll('/', '_')],
  ['..\\..\\autoexec.bat', '__.._autoexec.bat'],
  ['/etc/passwd', '_etc_passwd'],
  ['C:\\x.yaml', 'C_x.yaml'],
  ['a"b\'c;d.png', 'a_b_c_d.png'],
  ['a\r\nContent-Disposition: x.png', 'a_Content-Disposition_x.png'],
  ['a\u0000.png', 'a_.png'],
  ['invoice\u202egpj.exe', 'invoice_gpj.exe'],
  ['.bashrc', '_bashrc'],
  ['NUL.txt', '_NUL.txt'],
  ['', '_'],
])('keeps a file under a name that is only a name: %j as %s [X-04]', (text, name) => {
  expect(fileName(text)).toBe(name)
})

test('whatever something is called, its file stays in its folder [X-04]', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const name = fileName(text)
      expect(name).toMatch(/^[\p{L}\p{M}\p{N}_-][\p{L}\p{M}\p{N}._-]*$/u)
      expect(name.length).toBeLessThanOrEqual(201)
    }),
    { numRuns: propertyRuns },
  )
})
