import { describe, expect, test } from 'vitest';
import {
  FAILURE_TYPES,
  HOPELESS,
  isFailureType,
  isMachineAtFault,
  isPassingRefusal,
  type FailureType,
} from '../../../src/domain/failures.ts';

// The table of the design, section 8: what a provision does after each. `elsewhere`: its own rule (P2, P12, a deadline).
const AFTERWARDS: Readonly<Record<FailureType, 'wait' | 'fail' | 'next launch' | 'elsewhere'>> = {
  capacity_unavailable: 'wait',
  quota_exceeded: 'wait',
  rate_limited: 'wait',
  provider_unavailable: 'wait',
  invalid_request: 'fail',
  unauthorized: 'fail',
  name_conflict: 'fail',
  price_too_high: 'fail',
  node_not_found: 'fail',
  gpu_unproven: 'fail',
  instance_failed: 'next launch',
  host_key_mismatch: 'next launch',
  ssh_unreachable: 'next launch',
  gpu_unhealthy: 'next launch',
  bootstrap_failed: 'next launch',
  registration_failed: 'next launch',
  instance_not_found: 'elsewhere',
  launch_outcome_unknown: 'elsewhere',
  deadline_exceeded: 'elsewhere',
};

describe('each type of failure', () => {
  test.each(FAILURE_TYPES)('%s leads where the table says, and nowhere else', (type) => {
    expect({
      wait: isPassingRefusal(type),
      fail: HOPELESS.includes(type),
      'next launch': isMachineAtFault(type),
    }).toEqual({
      wait: AFTERWARDS[type] === 'wait',
      fail: AFTERWARDS[type] === 'fail',
      'next launch': AFTERWARDS[type] === 'next launch',
    });
  });

  test('has a name of its own, in the form that callers of any language match on', () => {
    expect(new Set(FAILURE_TYPES).size).toBe(FAILURE_TYPES.length);
    for (const type of FAILURE_TYPES) expect(type).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});

test.each([undefined, null, '', 'Error', 'toString', 'CAPACITY_UNAVAILABLE', 5, ['unauthorized']])(
  '%j is no failure of ours, and leads nowhere',
  (type) => {
    expect(isFailureType(type)).toBe(false);
    expect(isMachineAtFault(undefined)).toBe(false);
    expect(isPassingRefusal(undefined)).toBe(false);
  },
);
