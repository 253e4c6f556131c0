"""Runs other tools that make the same fields of the same events: time, class, severity, actor, address, place, agent, outcome, session,
target and type. The tools omit all other parts of a record (unmapped, observables, raw data)."""
import os
import shutil
import subprocess
import sys

JQ = """{time: (.published[0:19] + "Z" | fromdateiso8601 * 1000), uid: .uuid, event_code: .eventType, message: .displayMessage,
severity_id: ({DEBUG: 1, INFO: 1, WARN: 3, ERROR: 4}[.severity // ""] // 0),
status_id: ({SUCCESS: 1, ALLOW: 1, FAILURE: 2, DENY: 2}[.outcome.result? // ""] // 99), status_detail: .outcome.reason?,
actor: {user: {uid: .actor.id?, name: .actor.alternateId?, full_name: .actor.displayName?, type: .actor.type?},
session: {uid: .authenticationContext.externalSessionId?}},
src_endpoint: {ip: .client.ipAddress?, location: {city: .client.geographicalContext.city?,
country: .client.geographicalContext.country?}, autonomous_system: {number: .securityContext.asNumber?}},
http_request: {user_agent: .client.userAgent.rawUserAgent?, uid: .debugContext.debugData.requestId?},
correlation_uid: .transaction.id?, target: {uid: .target[0]?.id, name: .target[0]?.displayName, type: .target[0]?.type}}"""

SQL = """SET threads = 1;
COPY (SELECT {'uid': uuid, 'event_code': eventType} AS metadata, epoch_ms(try_cast(published AS TIMESTAMP)) AS time,
displayMessage AS message,
CASE severity WHEN 'INFO' THEN 1 WHEN 'DEBUG' THEN 1 WHEN 'WARN' THEN 3 WHEN 'ERROR' THEN 4 ELSE 0 END AS severity_id,
CASE outcome->>'result' WHEN 'SUCCESS' THEN 1 WHEN 'ALLOW' THEN 1 WHEN 'FAILURE' THEN 2 WHEN 'DENY' THEN 2 ELSE 99 END AS status_id,
outcome->>'reason' AS status_detail,
{'user': {'uid': actor->>'id', 'name': actor->>'alternateId', 'full_name': actor->>'displayName', 'type': actor->>'type'},
'session': {'uid': authenticationContext->>'externalSessionId'}} AS actor,
{'ip': client->>'ipAddress', 'location': {'city': client->>'$.geographicalContext.city',
'country': client->>'$.geographicalContext.country'},
'autonomous_system': {'number': securityContext->>'asNumber'}} AS src_endpoint,
{'user_agent': client->>'$.userAgent.rawUserAgent', 'uid': debugContext->>'$.debugData.requestId'} AS http_request,
"transaction"->>'id' AS correlation_uid,
{'uid': target->>'$[0].id', 'name': target->>'$[0].displayName', 'type': target->>'$[0].type'} AS target
FROM read_json(getvariable('corpus'), format = 'newline_delimited', columns = {uuid: 'VARCHAR', published: 'VARCHAR',
eventType: 'VARCHAR', displayMessage: 'VARCHAR', severity: 'VARCHAR', outcome: 'JSON', actor: 'JSON', authenticationContext: 'JSON',
client: 'JSON', securityContext: 'JSON', debugContext: 'JSON', "transaction": 'JSON', target: 'JSON'}))
TO '/dev/null' (FORMAT json);"""


def jq(corpus):
    """Returns the command, or None if jq is not installed."""
    return ["jq", "-c", JQ, corpus] if shutil.which("jq") else None


def duckdb(corpus, work):
    """Returns the command, or None if DuckDB can't be installed from PyPI."""
    python = work + "/duckdb/bin/python"
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", work + "/duckdb"], check=True)
    if subprocess.run([python, "-c", "import duckdb"], stderr=subprocess.DEVNULL).returncode:
        if subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "duckdb"]).returncode:
            return None
    program = "import duckdb, sys; c = duckdb.connect(); c.execute('SET VARIABLE corpus = ?', [sys.argv[1]]) ; c.execute(sys.argv[2])"
    return [python, "-c", program, corpus, SQL]
