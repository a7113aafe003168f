import { createServer, type Server, type Socket } from 'node:net';

export interface CaughtMail {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** An SMTP server (RFC 5321) on loopback that keeps what it is given. */
export class SmtpCatcher {
  readonly mails: CaughtMail[] = [];
  /** Answered to the next recipients instead of 250. */
  refuseWith: string | undefined;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SmtpCatcher> {
    const server = createServer();
    const catcher = new SmtpCatcher(server);
    server.on('connection', (socket) => catcher.#serve(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return catcher;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }

  #serve(socket: Socket): void {
    let [buffer, from, to, inData] = ['', '', '', false];
    socket.setEncoding('utf8').on('error', () => undefined);
    const say = (line: string) => socket.write(`${line}\r\n`);
    const command = (line: string): void => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'MAIL') from = line.slice(10);
      if (verb === 'RCPT') to = line.slice(8);
      if (verb === 'RCPT' && this.refuseWith !== undefined) return void say(this.refuseWith);
      if (verb === 'DATA') inData = true;
      say(verb === 'DATA' ? '354 go on' : verb === 'QUIT' ? '221 bye' : '250 ok');
      if (verb === 'QUIT') socket.end();
    };
    say('220 catcher');
    socket.on('data', (chunk: string) => {
      buffer += chunk;
      for (;;) {
        const mark = inData ? '\r\n.\r\n' : '\r\n';
        const end = buffer.indexOf(mark);
        if (end < 0) return;
        const part = buffer.slice(0, end);
        buffer = buffer.slice(end + mark.length);
        if (!inData) command(part);
        else {
          inData = false;
          this.mails.push({ from, to, data: part });
          say('250 kept');
        }
      }
    });
  }
}
