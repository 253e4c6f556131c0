-- Brute force against one account
--
-- At least five failed sign-ins of one account within ten minutes, from any address.
--
-- Follows: Panther, okta_brute_force_logins: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_brute_force_logins.yml
-- Follows: Elastic, Attempts to Brute Force an Okta User Account: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_attempts_to_brute_force_okta_user_account.toml
-- ATT&CK: T1110.001 Password Guessing
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH failed AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account
    FROM okta
    WHERE metadata.event_code = 'user.session.start' AND status_id = 2
), counted AS (
    SELECT *, count(*) OVER (
        PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW) AS attempts
    FROM failed
)
SELECT max(happened) AS happened, account, list(DISTINCT ip) AS ips, max(attempts) AS attempts, list(uid) AS uids
FROM counted
GROUP BY account
HAVING max(attempts) >= 5;
