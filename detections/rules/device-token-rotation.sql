-- A new device token with each attempt
--
-- Failed sign-ins of one account from one address with at least five device tokens (dtHash) within half an hour:
-- a browser keeps its token, and a script that keeps no cookies gets a new one each time.
--
-- Follows: Elastic, Potential Okta Brute Force (Device Token Rotation): https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_brute_force_device_token_rotation.toml
-- ATT&CK: T1110.001 Password Guessing
-- OCSF: 1.8.0
WITH failed AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account,
           [f.value for f in src_endpoint.fingerprints if f.algorithm = 'dtHash'][1] AS device_token
    FROM okta
    WHERE class_uid = 3002 AND status_id = 2
), counted AS (
    SELECT *, count(DISTINCT device_token) OVER (
        PARTITION BY ip, account ORDER BY happened RANGE BETWEEN INTERVAL 30 MINUTE PRECEDING AND CURRENT ROW) AS tokens
    FROM failed
)
SELECT max(happened) AS happened, ip, account, max(tokens) AS tokens, list(uid) AS uids
FROM counted
GROUP BY ip, account
HAVING max(tokens) >= 5;
