import process from 'node:process';
import { openDatabase } from '../../src/store/open.ts';
import { sqliteStore } from '../../src/store/sqlite.ts';
import { ledgerOf } from './bill.ts';
import { send } from './child.ts';

/** Writes a current ledger with about the given number of series to a file. */
const [path = '', series = ''] = process.argv.slice(2);
const { ledger } = ledgerOf(sqliteStore(openDatabase(path)), Number(series), Date.now());
ledger.close();
send({ written: true });
