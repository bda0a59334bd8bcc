import { expect, test } from 'vitest'
import { humanDuration } from './duration.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

test.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [150, '2m30s'],
  [12 * minute + 5, '12m'],
  [179 * minute, '179m'],
  [3 * hour + 14 * minute, '3h14m'],
  [9 * hour + 10 * minute, '9h'],
  [47 * hour, '47h'],
  [2 * day + 3 * hour, '2d3h'],
  [40 * day, '40d'],
  [3 * 365 * day + 4 * day, '3y4d'],
  [-30, '<invalid>'],
])('%i seconds are %s', (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text)
})
