import fc from 'fast-check';
import { MAX_CSV_ROWS, readChangeCsv } from './change-csv.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const rows = (...lines: string[]) => readChangeCsv(bytes(['tenant,plan,quantity,reason', ...lines].join('\r\n')));

describe('a file of wishes', () => {
  it('is read row by row, with quotes, a byte order mark and empty cells', () => {
    const text =
      '\uFEFFtenant,plan,quantity,reason\nriverside,"practice-per-clinic",2,"asked ""twice"", by phone"\nlake,,,more\n';
    expect(readChangeCsv(bytes(text))).toEqual([
      {
        line: 2,
        wish: { tenant: 'riverside', plan: 'practice-per-clinic', quantity: 2, reason: 'asked "twice", by phone' },
      },
      { line: 3, wish: { tenant: 'lake', reason: 'more' } },
    ]);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', ' =1', '"=cmd|calc"'])(
    'refuses the formula %j, and reads the rest',
    (cell) => {
      const read = rows(`riverside,p,1,${cell}`, 'lake,p,1,more');
      expect(read[0]).toMatchObject({
        line: 2,
        problem: { code: 'csv_formula', message: expect.stringContaining('reason') },
      });
      expect(read[1]).toMatchObject({ line: 3, wish: { tenant: 'lake' } });
    },
  );

  it('says which row is not UTF-8, and reads the rest', () => {
    const broken = Uint8Array.from([...bytes('tenant,reason\na,b\nc,'), 0xff, 0xfe, ...bytes('\nd,e')]);
    expect(readChangeCsv(broken)).toEqual([
      { line: 2, wish: { tenant: 'a', reason: 'b' } },
      { line: 3, problem: { code: 'csv_encoding', message: 'The row is not UTF-8.' } },
      { line: 4, wish: { tenant: 'd', reason: 'e' } },
    ]);
    expect(readChangeCsv(bytes('tenant,reason\na,b\u0000'))[0]).toMatchObject({ problem: { code: 'csv_encoding' } });
  });

  it.each([
    ['too few cells', 'a,b', /2 cells, the heading 4/],
    ['a quote that does not end', 'a,"b,1,r', /quoted cell/],
    ['text after a quote', 'a,"b"c,1,r', /quoted cell/],
    ['half a unit', 'a,b,1.5,r', /whole number/],
    ['nothing', ',,,', /must not be empty/],
  ])('says what is wrong with a row with %s', (_, line, message) => {
    expect(rows(line)).toEqual([{ line: 2, problem: { code: 'csv_row', message: expect.stringMatching(message) } }]);
  });

  it.each([
    ['nothing', ''],
    ['no rows', 'tenant,reason'],
    ['an unknown column', 'tenant,reason,price\na,b,c'],
    ['a column twice', 'tenant,tenant,reason\na,b,c'],
    ['no reasons', 'tenant,plan\na,b'],
    ['too many rows', `tenant,reason\n${'a,b\n'.repeat(MAX_CSV_ROWS + 1)}`],
  ])('is refused as a whole with %s', (_, text) => {
    expect(() => readChangeCsv(bytes(text))).toThrow(expect.objectContaining({ code: 'invalid_csv' }));
  });

  it('never throws anything else, whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        const read = readChangeCsv(Uint8Array.from([...bytes('tenant,reason\n'), ...junk, 0x0a, ...bytes('a,b')]));
        expect(read.at(-1)).toMatchObject({ wish: { tenant: 'a', reason: 'b' } });
      }),
    );
  });
});
