-- Factors reset, a new one enrolled from elsewhere
--
-- A user's factors were reset or removed, and within an hour a factor was enrolled from an address that the user
-- did not use in the data before.
--
-- Follows: Elastic, Stolen Credentials Used to Login to Okta Account After MFA Reset: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_stolen_credentials_used_to_login_to_okta_account_after_mfa_reset.toml
-- ATT&CK: T1556.006 Multi-Factor Authentication
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH changed AS (
    SELECT happened, metadata.uid AS uid, metadata.event_code AS event_code, "user".name AS account, actor.user.name AS by_whom,
           src_endpoint.ip AS ip
    FROM okta
    WHERE metadata.event_code IN ('user.mfa.factor.deactivate', 'user.mfa.factor.reset_all', 'user.mfa.factor.activate')
      AND status_id = 1
)
SELECT enrolled.happened, enrolled.account, reset.by_whom AS reset_by, enrolled.ip, [reset.uid, enrolled.uid] AS uids
FROM changed AS enrolled
JOIN changed AS reset ON enrolled.account = reset.account
 AND enrolled.happened BETWEEN reset.happened AND reset.happened + INTERVAL 1 HOUR
WHERE enrolled.event_code = 'user.mfa.factor.activate' AND reset.event_code <> 'user.mfa.factor.activate'
  AND enrolled.ip NOT IN (
      SELECT src_endpoint.ip FROM okta AS earlier
      WHERE earlier.actor.user.name = enrolled.account AND earlier.happened < reset.happened AND earlier.src_endpoint.ip IS NOT NULL);
