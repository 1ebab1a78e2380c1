// An OpenID Connect provider for tests of signing in: npm's oidc-provider, which is certified. Ours are only the page that
// asks who somebody is, and /test, by which a test has ID tokens say something else, or be signed with another key.
import http from "node:http";
import https from "node:https";
import { readFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import * as jose from "jose";
import { Provider } from "oidc-provider";

const TWO_FACTORS = "urn:example:two";

const key = (kid) => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  ...{ kid, alg: "RS256", use: "sig" },
});
const keys = { first: key("first"), second: key("second") };

// What a test wants: other claims, the key to sign with ("none" and "HS256" for what is no such key), the keys shown.
const usual = { claims: {}, key: null, shown: ["first"] };
let wanted = usual;

async function altered(token, secret) {
  const claims = { ...jose.decodeJwt(token), ...wanted.claims };
  for (const name of Object.keys(claims)) {
    if (claims[name] === null) delete claims[name];
  }
  if (wanted.key === "none") return new jose.UnsecuredJWT(claims).encode();
  const jwt = new jose.SignJWT(claims);
  if (wanted.key === "HS256") {
    return jwt.setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
  }
  const by = keys[wanted.key ?? "first"];
  return jwt.setProtectedHeader({ alg: "RS256", kid: by.kid }).sign(await jose.importJWK(by));
}

// The ways in which a hub may prove itself; and a file with key and certificate, to speak TLS.
const ways = process.argv.slice(2).filter((each) => !each.endsWith(".pem"));
const [file] = process.argv.slice(2).filter((each) => each.endsWith(".pem"));
const pem = file && readFileSync(file);
const server = pem ? https.createServer({ key: pem, cert: pem }) : http.createServer();
server.listen(0, "127.0.0.1", () => {
  // By this name it is another site than 127.0.0.1, for browsers.
  const issuer = `http${pem ? "s" : ""}://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys: [keys.first] },
    cookies: { keys: ["test"] },
    claims: { openid: ["sub", "acr", "amr"] },
    conformIdTokenClaims: false,
    acrValues: [TWO_FACTORS],
    clientAuthMethods: ways.length ? ways : undefined,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, registration: { enabled: true } },
    interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    // Nobody is asked whether the hub may know who they are.
    async loadExistingGrant(ctx) {
      const { clientId, session } = { clientId: ctx.oidc.client.clientId, session: ctx.oidc.session };
      const grant = new provider.Grant({ clientId, accountId: session.accountId });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === "token" && ctx.body?.id_token && wanted !== usual) {
      ctx.body = { ...ctx.body, id_token: await altered(ctx.body.id_token, ctx.oidc.client.clientSecret) };
    }
    if (ctx.oidc?.route === "jwks") {
      const open = ({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use });
      ctx.body = { keys: wanted.shown.map((name) => open(keys[name])) };
    }
  });
  const answer = provider.callback();
  server.on("request", async (request, response) => {
    if (request.url === "/test") {
      const told = await read(request);
      if (told.includes('"stop"')) process.exit();
      wanted = told ? { ...usual, ...JSON.parse(told) } : usual;
      return response.end();
    }
    if (!request.url.startsWith("/sign-in/")) return answer(request, response);
    if (request.method === "GET") {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      return response.end(PAGE);
    }
    const form = new URLSearchParams(await read(request));
    if (form.has("no")) {
      return provider.interactionFinished(request, response, { error: "access_denied" });
    }
    const login = { accountId: form.get("login") };
    if (form.get("factors") === "mfa") login.amr = ["pwd", "otp", "mfa"];
    if (form.get("factors") === "acr") login.acr = TWO_FACTORS;
    return provider.interactionFinished(request, response, { login });
  });
  console.log(issuer);
});

const PAGE = `<!doctype html><html lang="en"><title>Provider</title><form method="post">
<label>Login <input name="login"></label>
<label>Factors <select name="factors"><option value="">one</option><option>mfa</option><option>acr</option></select></label>
<button>Sign in</button><button name="no" value="1">No</button></form></html>`;

async function read(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
