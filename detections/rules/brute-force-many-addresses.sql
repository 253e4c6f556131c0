-- Brute force against one account from many addresses
--
-- Failed sign-ins of one account from at least five addresses within an hour.
--
-- Follows: Elastic, Potential Okta Brute Force (Multi-Source): https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_brute_force_multi_source.toml
-- ATT&CK: T1110.001 Password Guessing
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH failed AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account
    FROM okta
    WHERE class_uid = 3002 AND status_id = 2 AND status_detail IN ('INVALID_CREDENTIALS', 'LOCKED_OUT')
), counted AS (
    SELECT *, count(DISTINCT ip) OVER (
        PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS addresses
    FROM failed
)
SELECT max(happened) AS happened, account, list(DISTINCT ip) AS ips, list(uid) AS uids
FROM counted
GROUP BY account
HAVING max(addresses) >= 5;
