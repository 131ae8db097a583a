(** identity, sin, arctan: suprema of the derivatives over all real arguments, and where they are attained. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Functions Constants Calculus.
Open Scope R_scope.

(** * identity *)

Lemma identity_derive x : is_derive (fun z => z) x 1. Proof. apply (is_derive_id x). Qed.
Lemma identity_derive_2 (x : R) : is_derive (fun _ : R => 1) x 0. Proof. exact (is_derive_const 1 x). Qed.
Lemma identity_derive_3 (x : R) : is_derive (fun _ : R => 0) x 0. Proof. exact (is_derive_const 0 x). Qed.

Theorem identity_s1_bound x : Rabs (Derive (fun z => z) x) = identity_s1.
Proof.
  replace (Derive (fun z => z) x) with 1 by (symmetry; apply is_derive_unique, identity_derive); apply Rabs_R1.
Qed.
Theorem identity_s2_bound x : Rabs (Derive_n (fun z => z) 2 x) = identity_s2.
Proof. rewrite (Derive_n_2 _ _ _ identity_derive identity_derive_2); unfold identity_s2; apply Rabs_R0. Qed.
Theorem identity_s3_bound x : Rabs (Derive_n (fun z => z) 3 x) = identity_s3.
Proof. rewrite (Derive_n_3 _ _ _ _ identity_derive identity_derive_2 identity_derive_3); apply Rabs_R0. Qed.

(** * sin *)

Lemma sin_derive x : is_derive sin x (cos x). Proof. auto_derive; [easy | ring]. Qed.
Lemma sin_derive_2 x : is_derive cos x (- sin x). Proof. auto_derive; [easy | ring]. Qed.
Lemma sin_derive_3 x : is_derive (fun y => - sin y) x (- cos x). Proof. auto_derive; [easy | ring]. Qed.

Theorem sin_s0_bound x : Rabs (sin x) <= sin_s0.
Proof. apply Rabs_le; unfold sin_s0; pose proof (SIN_bound x); lra. Qed.
Theorem sin_s1_bound x : Rabs (Derive sin x) <= sin_s1.
Proof. rewrite (is_derive_unique _ _ _ (sin_derive x)); apply Rabs_le; unfold sin_s1; pose proof (COS_bound x); lra. Qed.
Theorem sin_s2_bound x : Rabs (Derive_n sin 2 x) <= sin_s2.
Proof. rewrite (Derive_n_2 _ _ _ sin_derive sin_derive_2), Rabs_Ropp; apply sin_s0_bound. Qed.
Theorem sin_s3_bound x : Rabs (Derive_n sin 3 x) <= sin_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ sin_derive sin_derive_2 sin_derive_3), Rabs_Ropp.
  apply Rabs_le; unfold sin_s3; pose proof (COS_bound x); lra.
Qed.

Theorem sin_attained :
  Rabs (sin sin_s0_at) = sin_s0 /\ Rabs (Derive sin sin_s1_at) = sin_s1 /\
  Rabs (Derive_n sin 2 sin_s2_at) = sin_s2 /\ Rabs (Derive_n sin 3 sin_s3_at) = sin_s3.
Proof.
  rewrite (is_derive_unique _ _ _ (sin_derive _)), (Derive_n_2 _ _ _ sin_derive sin_derive_2).
  rewrite (Derive_n_3 _ _ _ _ sin_derive sin_derive_2 sin_derive_3), !Rabs_Ropp.
  unfold sin_s0_at, sin_s1_at, sin_s2_at, sin_s3_at, sin_s0, sin_s1, sin_s2, sin_s3.
  replace (1 / 2 * PI) with (PI / 2) by field; rewrite sin_PI2, cos_0; repeat split; apply Rabs_R1.
Qed.

(** * arctan, with w = 1 + x^2 *)

Definition atan_d1 x := / (1 + x ^ 2).
Definition atan_d2 x := - 2 * x / (1 + x ^ 2) ^ 2.
Definition atan_d3 x := (6 * x ^ 2 - 2) / (1 + x ^ 2) ^ 3.

Lemma w_pos x : 0 < 1 + x ^ 2. Proof. pose proof (pow2_ge_0 x); lra. Qed.

Lemma arctan_derive x : is_derive atan x (atan_d1 x).
Proof. unfold atan_d1; auto_derive; [easy|]; pose proof (w_pos x); unfold Rsqr; field; simpl in *; lra. Qed.
Lemma arctan_derive_2 x : is_derive atan_d1 x (atan_d2 x).
Proof. unfold atan_d1, atan_d2; pose proof (w_pos x); auto_derive; [simpl in *; lra | field; simpl in *; lra]. Qed.
Lemma arctan_derive_3 x : is_derive atan_d2 x (atan_d3 x).
Proof.
  unfold atan_d2, atan_d3; pose proof (w_pos x); auto_derive.
  - apply Rgt_not_eq; simpl in *; nra.
  - field; simpl in *; lra.
Qed.

(** |a / b| <= c for b > 0 follows from |a| <= c b. *)
Lemma Rabs_quotient_le a b c : 0 < b -> - (c * b) <= a <= c * b -> Rabs (a / b) <= c.
Proof.
  intros Hb Ha; unfold Rdiv; rewrite Rabs_mult, (Rabs_pos_eq (/ b)) by (apply Rlt_le, Rinv_0_lt_compat, Hb).
  apply Rmult_le_reg_r with b; [easy|]; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra; apply Rabs_le; lra.
Qed.

Theorem arctan_s0_bound x : Rabs (atan x) <= arctan_s0.
Proof. unfold arctan_s0; pose proof (atan_bound x); apply Rabs_le; lra. Qed.
Theorem arctan_s1_bound x : Rabs (Derive atan x) <= arctan_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (arctan_derive x)); unfold atan_d1, arctan_s1; pose proof (pow2_ge_0 x).
  replace (/ (1 + x ^ 2)) with (1 / (1 + x ^ 2)) by (field; lra); apply Rabs_quotient_le; lra.
Qed.
Theorem arctan_s2_bound x : Rabs (Derive_n atan 2 x) <= arctan_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ arctan_derive arctan_derive_2); unfold atan_d2, arctan_s2; destruct sqrt_3 as [H3 E3].
  pose proof (w_pos x); apply Rabs_quotient_le; [nra|].
  (* with y = sqrt 3 x:  (3 + y^2)^2 - 16 y = (y - 1)^2 (y^2 + 2 y + 9) >= 0, and the same for -y *)
  set (q := sqrt 3) in *; set (y := q * x).
  assert (Ex : x = q * y / 3) by (unfold y; replace (q * (q * x) / 3) with (q ^ 2 * x / 3) by field; rewrite E3; field).
  assert (Ew : (1 + x ^ 2) ^ 2 = (3 + y ^ 2) ^ 2 / 9)
    by (rewrite Ex; replace ((q * y / 3) ^ 2) with (q ^ 2 * y ^ 2 / 9) by field; rewrite E3; field).
  assert (A : 16 * y <= (3 + y ^ 2) ^ 2) by (pose proof (pow2_ge_0 (y - 1)); pose proof (pow2_ge_0 (y + 1)); nra).
  assert (B : - (16 * y) <= (3 + y ^ 2) ^ 2) by (pose proof (pow2_ge_0 (y - 1)); pose proof (pow2_ge_0 (y + 1)); nra).
  rewrite Ew, Ex; split; nra.
Qed.
Theorem arctan_s3_bound x : Rabs (Derive_n atan 3 x) <= arctan_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ arctan_derive arctan_derive_2 arctan_derive_3); unfold atan_d3, arctan_s3.
  pose proof (pow2_ge_0 x); set (u := x ^ 2) in *; assert (0 < (1 + u) ^ 3) by (apply pow_lt; lra).
  (* 2(1 + u)^3 -+ (6u - 2) >= 0 for u >= 0 *)
  assert (0 <= u ^ 2) by apply pow2_ge_0; assert (0 <= u ^ 3) by (apply pow_le; lra).
  apply Rabs_quotient_le; [easy|]; replace ((1 + u) ^ 3) with (1 + 3 * u + 3 * u ^ 2 + u ^ 3) by ring; lra.
Qed.

(** atan x = PI/2 - atan(1/x) for x > 0, and atan(1/x) <= 1/x *)
Lemma atan_lim : is_lim atan p_infty (1 / 2 * PI).
Proof.
  apply is_lim_spec; intros eps; exists (/ eps); intros x Hx.
  pose proof (cond_pos eps); assert (0 < / eps) by now apply Rinv_0_lt_compat.
  assert (Hi : / x < eps) by (rewrite <- (Rinv_inv eps); apply Rinv_lt_contravar; [apply Rmult_lt_0_compat|]; lra).
  assert (0 < / x) by (apply Rinv_0_lt_compat; lra).
  replace (atan x - 1 / 2 * PI) with (- atan (/ x)) by (rewrite atan_inv by lra; field); rewrite Rabs_Ropp.
  pose proof (lipschitz_of_derivative atan atan_d1 1 arctan_derive) as L.
  assert (B : forall y, Rabs (atan_d1 y) <= 1)
    by (intros y; pose proof (arctan_s1_bound y) as K; rewrite (is_derive_unique _ _ _ (arctan_derive y)) in K; exact K).
  specialize (L B (/ x) 0); rewrite atan_0, !Rminus_0_r, (Rabs_pos_eq (/ x)) in L by lra; lra.
Qed.

Theorem arctan_attained :
  is_lim atan p_infty arctan_s0 /\ Rabs (Derive atan arctan_s1_at) = arctan_s1 /\
  Rabs (Derive_n atan 2 arctan_s2_at) = arctan_s2 /\ Rabs (Derive_n atan 3 arctan_s3_at) = arctan_s3.
Proof.
  rewrite (is_derive_unique _ _ _ (arctan_derive _)), (Derive_n_2 _ _ _ arctan_derive arctan_derive_2).
  rewrite (Derive_n_3 _ _ _ _ arctan_derive arctan_derive_2 arctan_derive_3).
  unfold atan_d1, atan_d2, atan_d3, arctan_s0, arctan_s1_at, arctan_s2_at, arctan_s3_at, arctan_s1, arctan_s2, arctan_s3.
  destruct sqrt_3 as [H3 E3]; repeat split.
  - apply atan_lim.
  - replace (/ (1 + 0 ^ 2)) with 1 by field; apply Rabs_R1.
  - replace ((1 / 3 * sqrt 3) ^ 2) with (sqrt 3 ^ 2 / 9) by field; rewrite E3.
    rewrite <- Rabs_Ropp, Rabs_pos_eq; [field|].
    replace (- (-2 * (1 / 3 * sqrt 3) / (1 + 3 / 9) ^ 2)) with (3 / 8 * sqrt 3) by field; nra.
  - replace ((6 * 0 ^ 2 - 2) / (1 + 0 ^ 2) ^ 3) with (- (2)) by field; rewrite Rabs_Ropp; apply Rabs_pos_eq; lra.
Qed.
