/** What the Python classes made from OpenTelemetry's own proto files read. */
import { pythonHas, readByPython } from '@gradcast/testing';
import { describe, expect, it } from 'vitest';
import { encodeRequest, encodeTrace, rejectedOf } from './trace-proto.ts';

const isThere = pythonHas('opentelemetry.proto.collector.trace.v1.trace_service_pb2');
const READ = `
import sys
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Request
message = Request.FromString(sys.stdin.buffer.read())
assert message.SerializeToString() == Request.FromString(message.SerializeToString()).SerializeToString()
print(MessageToJson(message))
`;

it.skipIf(!isThere)(
  'spans are what OpenTelemetry says they are (needs the Python package opentelemetry-proto)',
  async () => {
    let last = 0;
    const random = (bytes: number) => new Uint8Array(bytes).fill(++last);
    const spans = encodeTrace(
      {
        root: {
          name: 'step',
          start: 1_790_000_000_000.25,
          end: 1_790_000_000_100,
          attributes: { a: 'text', b: true, c: 7, d: 0.5, e: -1 },
        },
        children: [{ name: 'lease', start: 1, end: 2, attributes: {}, error: 'expired' }],
      },
      random,
    );
    const origin = { resource: { 'service.name': 'gradcast' }, scope: { name: 'gradcast', version: '1' } };
    const read = await readByPython(READ, { input: encodeRequest(origin, spans) });
    const of = (byte: number, count: number) => Buffer.alloc(count, byte).toString('base64');
    expect(read).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'gradcast' } }] },
          scopeSpans: [
            {
              scope: { name: 'gradcast', version: '1' },
              spans: [
                {
                  traceId: of(1, 16),
                  spanId: of(2, 8),
                  name: 'step',
                  kind: 'SPAN_KIND_INTERNAL',
                  startTimeUnixNano: '1790000000000250112',
                  endTimeUnixNano: '1790000000100000000',
                  attributes: [
                    { key: 'a', value: { stringValue: 'text' } },
                    { key: 'b', value: { boolValue: true } },
                    { key: 'c', value: { intValue: '7' } },
                    { key: 'd', value: { doubleValue: 0.5 } },
                    { key: 'e', value: { intValue: '-1' } },
                  ],
                },
                {
                  traceId: of(1, 16),
                  spanId: of(3, 8),
                  parentSpanId: of(2, 8),
                  name: 'lease',
                  kind: 'SPAN_KIND_INTERNAL',
                  startTimeUnixNano: '1000000',
                  endTimeUnixNano: '2000000',
                  attributes: [{ key: 'error.type', value: { stringValue: 'expired' } }],
                  status: { code: 'STATUS_CODE_ERROR' },
                },
              ],
            },
          ],
        },
      ],
    });
  },
);

describe('what a collector answers', () => {
  it.each([
    ['nothing', '', 0],
    ['that some were refused', '0a0608031202', 0],
    ['that three were refused, and why', '0a080803120462616420', 3],
    ['with a warning alone', '0a0412026f6b', 0],
    ['what is no answer', 'ffffff', 0],
  ])('%s', (_, hex, rejected) => {
    expect(rejectedOf(Buffer.from(hex, 'hex'))).toBe(rejected);
  });
});
