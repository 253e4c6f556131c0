-- Password spraying from one address
--
-- Failed sign-ins of at least five accounts from one address within an hour, with fewer than nine attempts for
-- each account: few enough that none is locked.
--
-- Follows: Elastic, Potential Okta Password Spray (Single Source): https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_password_spray_single_source.toml
-- ATT&CK: T1110.003 Password Spraying
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH failed AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account
    FROM okta
    WHERE class_uid = 3002 AND status_id = 2 AND status_detail IN ('INVALID_CREDENTIALS', 'LOCKED_OUT')
), counted AS (
    SELECT *, count(DISTINCT account) OVER last_hour AS accounts, count(*) OVER last_hour AS attempts
    FROM failed
    WINDOW last_hour AS (PARTITION BY ip ORDER BY happened RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW)
)
SELECT max(happened) AS happened, ip, max(accounts) AS accounts, list(uid) AS uids
FROM counted
GROUP BY ip
HAVING bool_or(accounts >= 5 AND attempts < 9 * accounts);
