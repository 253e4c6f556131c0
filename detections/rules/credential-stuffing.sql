-- Credential stuffing from one address
--
-- Failed sign-ins of at least ten accounts from one address within ten minutes, with at most 1.5 attempts per
-- account on average: somebody tries pairs of names and passwords that were stolen elsewhere.
--
-- Follows: Elastic, Potential Okta Credential Stuffing (Single Source): https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_credential_stuffing_single_source.toml
-- ATT&CK: T1110.004 Credential Stuffing
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH failed AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account
    FROM okta
    WHERE class_uid = 3002 AND status_id = 2 AND status_detail IN ('INVALID_CREDENTIALS', 'LOCKED_OUT')
), counted AS (
    SELECT *, count(DISTINCT account) OVER recent AS accounts, count(*) OVER recent AS attempts
    FROM failed
    WINDOW recent AS (PARTITION BY ip ORDER BY happened RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW)
)
SELECT max(happened) AS happened, ip, max(accounts) AS accounts, list(uid) AS uids
FROM counted
GROUP BY ip
HAVING bool_or(accounts >= 10 AND attempts <= 1.5 * accounts);
