(** erf and GELU: suprema of the derivatives over all real arguments, and where they are attained. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Functions Constants Calculus ActElementary.
Open Scope R_scope.

(** * erf, with e = e^(-x^2)/sqrt(pi):  sigma' = 2 e,  sigma'' = -4 x e,  sigma''' = (8 x^2 - 4) e *)

Definition gauss t := exp (- t ^ 2).
Definition bell x := gauss x / sqrt PI.

Lemma gauss_derive x : is_derive gauss x (- 2 * x * gauss x).
Proof. unfold gauss; auto_derive; [easy | simpl; ring]. Qed.
Lemma gauss_continuous x : continuous gauss x.
Proof. apply (@ex_derive_continuous R_AbsRing R_NormedModule); eexists; apply gauss_derive. Qed.
Lemma gauss_integrable a b : ex_RInt gauss a b.
Proof. apply (@ex_RInt_continuous R_CompleteNormedModule); intros; apply gauss_continuous. Qed.
Lemma gauss_pos x : 0 < gauss x. Proof. apply exp_pos. Qed.
Lemma bell_pos x : 0 < bell x. Proof. apply Rdiv_lt_0_compat; [apply gauss_pos | apply sqrt_PI]. Qed.

(** The integral of e^(-t^2) from 0 to x. *)
Definition area x := RInt gauss 0 x.

Lemma area_derive x : is_derive area x (gauss x).
Proof.
  apply (is_derive_RInt gauss area 0); [|apply gauss_continuous].
  apply filter_forall; intros; apply (@RInt_correct R_CompleteNormedModule), gauss_integrable.
Qed.

Lemma erf_area x : erf x = 2 / sqrt PI * area x. Proof. easy. Qed.

Lemma erf_derive x : is_derive erf x (2 * bell x).
Proof.
  apply (is_derive_ext (fun x => 2 / sqrt PI * area x)); [intros; apply erf_area|].
  evar_last; [apply is_derive_scal, area_derive|].
  unfold bell; destruct sqrt_PI; simpl; field; lra.
Qed.
Global Instance UnaryDiff_erf : UnaryDiff erf. Proof. exists (fun x => 2 * bell x); exact erf_derive. Defined.

Lemma bell_derive x : is_derive bell x (- 2 * x * bell x).
Proof. destruct sqrt_PI; unfold bell, gauss; auto_derive; [lra | simpl; field; lra]. Qed.
Global Instance UnaryDiff_bell : UnaryDiff bell. Proof. exists (fun x => - 2 * x * bell x); exact bell_derive. Defined.

Lemma erf_derive_2 x : is_derive (fun y => 2 * bell y) x (- 4 * x * bell x).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_bell; ring]. Qed.
Lemma erf_derive_3 x : is_derive (fun y => - 4 * y * bell y) x ((8 * x ^ 2 - 4) * bell x).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_bell; ring]. Qed.

Lemma gauss_le_1 x : gauss x <= 1.
Proof. apply exp_neg_le_1, pow2_ge_0. Qed.

(** |a| e^(-x^2) <= c gives |2 k a bell x| <= 2 k c / sqrt(pi) *)
Lemma bell_le a c x : 0 <= c -> Rabs a * gauss x <= c -> Rabs (a * bell x) <= c / sqrt PI.
Proof.
  intros Hc H; destruct sqrt_PI; rewrite Rabs_mult, (Rabs_pos_eq (bell x)) by apply Rlt_le, bell_pos.
  unfold bell, Rdiv; rewrite <- Rmult_assoc; apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat|]; easy.
Qed.

Lemma gauss_le_inv x p : 0 < p -> p <= exp (x ^ 2) -> gauss x * p <= 1.
Proof.
  intros Hp H; unfold gauss; rewrite exp_Ropp; pose proof (exp_pos (x ^ 2)).
  apply Rmult_le_reg_l with (exp (x ^ 2)); [easy|]; rewrite <- Rmult_assoc, Rinv_r by lra; lra.
Qed.

Theorem erf_s1_bound x : Rabs (Derive erf x) <= erf_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (erf_derive x)); unfold erf_s1.
  apply bell_le; [lra|]; rewrite Rabs_pos_eq by lra; pose proof (gauss_le_1 x); lra.
Qed.

(** e^(x^2 - 1/2) >= x^2 + 1/2 >= sqrt 2 |x| *)
Theorem erf_s2_bound x : Rabs (Derive_n erf 2 x) <= erf_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ erf_derive erf_derive_2); unfold erf_s2.
  assert (H2 : 0 < sqrt 2) by (apply sqrt_lt_R0; lra); assert (E2 : sqrt 2 ^ 2 = 2) by (apply pow2_sqrt; lra).
  set (q := sqrt 2) in *; set (r := exp (-1 / 2)); assert (Hr : 0 < r) by apply exp_pos.
  assert (E : exp (x ^ 2 - 1 / 2) * gauss x = r) by (unfold gauss, r; rewrite <- exp_plus; f_equal; field).
  pose proof (exp_ineq1_le (x ^ 2 - 1 / 2)); pose proof (gauss_pos x).
  assert (K : q * Rabs x <= x ^ 2 + 1 / 2).
  { rewrite <- (pow2_abs x); pose proof (pow2_ge_0 (Rabs x - q / 2)); nra. }
  assert (L : q * Rabs x * gauss x <= r) by (rewrite <- E; apply Rmult_le_compat_r; lra).
  apply bell_le; [nra|]; rewrite Rabs_mult; replace (Rabs (-4)) with 4 by (rewrite Rabs_left; lra).
  (* 4 |x| e = 2 q (q |x| e) <= 2 q r *)
  replace (4 * Rabs x * gauss x) with (2 * q * (q * Rabs x * gauss x))
    by (replace (2 * q * (q * Rabs x * gauss x)) with (q ^ 2 * (2 * Rabs x * gauss x)) by ring; rewrite E2; ring).
  apply Rmult_le_compat_l; lra.
Qed.

(** |2 x^2 - 1| <= (1 + x^2/2)^2 <= e^(x^2) *)
Theorem erf_s3_bound x : Rabs (Derive_n erf 3 x) <= erf_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ erf_derive erf_derive_2 erf_derive_3); unfold erf_s3.
  apply bell_le; [lra|]; pose proof (pow2_ge_0 x); pose proof (gauss_pos x).
  assert (K : gauss x * (1 + x ^ 2 / 2) ^ 2 <= 1) by (apply gauss_le_inv; [nra | apply exp_ge_square; lra]).
  set (u := x ^ 2) in *.
  assert (A : Rabs (8 * u - 4) <= 4 * (1 + u / 2) ^ 2)
    by (apply Rabs_le; pose proof (pow2_ge_0 (u / 2 - 1)); split; nra).
  apply Rle_trans with (4 * (1 + u / 2) ^ 2 * gauss x); [apply Rmult_le_compat_r|]; lra.
Qed.

Theorem erf_s123_attained :
  Rabs (Derive erf erf_s1_at) = erf_s1 /\ Rabs (Derive_n erf 2 erf_s2_at) = erf_s2 /\
  Rabs (Derive_n erf 3 erf_s3_at) = erf_s3.
Proof.
  destruct sqrt_PI as [HP _]; assert (H2 : 0 < sqrt 2) by (apply sqrt_lt_R0; lra).
  assert (E2 : sqrt 2 ^ 2 = 2) by (apply pow2_sqrt; lra).
  rewrite (is_derive_unique _ _ _ (erf_derive _)), (Derive_n_2 _ _ _ erf_derive erf_derive_2).
  rewrite (Derive_n_3 _ _ _ _ erf_derive erf_derive_2 erf_derive_3).
  unfold bell, gauss, erf_s1_at, erf_s2_at, erf_s3_at, erf_s1, erf_s2, erf_s3.
  replace (- 0 ^ 2) with 0 by ring; rewrite exp_0.
  replace (- (1 / 2 * sqrt 2) ^ 2) with (-1 / 2) by (replace ((1 / 2 * sqrt 2) ^ 2) with (sqrt 2 ^ 2 / 4) by field; rewrite E2; field).
  pose proof (exp_pos (-1 / 2)) as He; set (r := exp (-1 / 2)) in *; repeat split.
  - rewrite Rabs_pos_eq; [field; lra|]; apply Rmult_le_pos; [lra|]; apply Rlt_le, Rdiv_lt_0_compat; lra.
  - replace (-4 * (1 / 2 * sqrt 2) * (r / sqrt PI)) with (- (2 * sqrt 2 * r / sqrt PI)) by (field; lra).
    rewrite Rabs_Ropp; apply Rabs_pos_eq, Rlt_le, Rdiv_lt_0_compat; [|easy]; repeat apply Rmult_lt_0_compat; lra.
  - replace ((8 * 0 ^ 2 - 4) * (1 / sqrt PI)) with (- (4 / sqrt PI)) by (field; lra).
    rewrite Rabs_Ropp; apply Rabs_pos_eq, Rlt_le, Rdiv_lt_0_compat; lra.
Qed.

Lemma gauss_even x : gauss (- x) = gauss x.
Proof. unfold gauss; f_equal; ring. Qed.

Lemma area_opp x : area (- x) = - area x.
Proof.
  unfold area; transitivity (RInt (fun y => opp (gauss y)) 0 x).
  - symmetry; apply is_RInt_unique, (is_RInt_ext (fun y => opp (gauss (- y)))); [intros; now rewrite gauss_even|].
    apply (@is_RInt_comp_opp R_NormedModule gauss 0 x); rewrite Ropp_0.
    apply (@RInt_correct R_CompleteNormedModule), gauss_integrable.
  - apply (@RInt_opp R_CompleteNormedModule gauss), gauss_integrable.
Qed.

Lemma area_nonneg x : 0 <= x -> 0 <= area x.
Proof. intros; apply RInt_ge_0; [easy | apply gauss_integrable | intros; apply Rlt_le, gauss_pos]. Qed.

(** * |erf| <= 1.

    With K(x) = integral over t in [0, 1] of e^(-x^2 (1 + t^2))/(1 + t^2), the derivative of area^2 + K vanishes, and
    area(0)^2 + K(0) = atan 1 = pi/4.  K > 0 gives area^2 < pi/4. *)

Definition kernel x t := exp (- x ^ 2 * (1 + t ^ 2)) / (1 + t ^ 2).
Definition kernel_dx x t := - 2 * x * exp (- x ^ 2 * (1 + t ^ 2)).
Definition K x := RInt (kernel x) 0 1.

Lemma kernel_derive x t : is_derive (fun x => kernel x t) x (kernel_dx x t).
Proof.
  unfold kernel, kernel_dx; pose proof (pow2_ge_0 t); auto_derive; [simpl in *; lra|].
  replace (- (x * (x * 1)) * (1 + t * (t * 1))) with (- x ^ 2 * (1 + t ^ 2)) by (simpl; ring).
  field; lra.
Qed.

Lemma kernel_continuous x t : continuous (kernel x) t.
Proof.
  apply (@ex_derive_continuous R_AbsRing R_NormedModule); unfold kernel; pose proof (pow2_ge_0 t).
  auto_derive; simpl in *; lra.
Qed.

Lemma K_derive x : is_derive K x (RInt (kernel_dx x) 0 1).
Proof.
  unfold K; evar_last.
  - apply (is_derive_RInt_param kernel 0 1 x).
    + apply filter_forall; intros y t _; eexists; apply kernel_derive.
    + intros t _; apply continuity_2d_pt_ext with (f := kernel_dx).
      * intros u v; symmetry; apply is_derive_unique, kernel_derive.
      * unfold kernel_dx.
        apply continuity_2d_pt_mult; [apply continuity_2d_pt_mult; [apply continuity_2d_pt_const | apply continuity_2d_pt_id1]|].
        apply continuity_1d_2d_pt_comp; [apply derivable_continuous_pt, derivable_pt_exp|].
        apply continuity_2d_pt_mult.
        -- apply continuity_2d_pt_opp; simpl; repeat apply continuity_2d_pt_mult;
             apply continuity_2d_pt_id1 || apply continuity_2d_pt_const.
        -- apply continuity_2d_pt_plus; [apply continuity_2d_pt_const|]; simpl; repeat apply continuity_2d_pt_mult;
             apply continuity_2d_pt_id2 || apply continuity_2d_pt_const.
    + apply filter_forall; intros y; apply (@ex_RInt_continuous R_CompleteNormedModule); intros; apply kernel_continuous.
  - apply RInt_ext; intros t _; apply is_derive_unique, kernel_derive.
Qed.

(** -2 x e^(-x^2) times the integral of e^(-(x t)^2) over [0, 1], which is area(x)/x *)
Lemma K_derivative x : RInt (kernel_dx x) 0 1 = - 2 * gauss x * area x.
Proof.
  assert (E : x * RInt (fun t => gauss (x * t)) 0 1 = area x).
  { pose proof (@RInt_comp_lin R_CompleteNormedModule gauss x 0 0 1) as C.
    rewrite Rmult_0_r, Rplus_0_r, Rmult_1_r, Rplus_0_r in C.
    specialize (C (gauss_integrable 0 x)); unfold area; rewrite <- C.
    change (x * RInt (fun t => gauss (x * t)) 0 1) with (scal x (RInt (fun t => gauss (x * t)) 0 1)).
    rewrite <- (@RInt_scal R_CompleteNormedModule (fun t => gauss (x * t)) 0 1 x).
    - apply RInt_ext; intros; unfold scal; simpl; unfold mult; simpl; rewrite Rplus_0_r; easy.
    - apply (@ex_RInt_continuous R_CompleteNormedModule); intros t _.
      apply (@ex_derive_continuous R_AbsRing R_NormedModule); unfold gauss; auto_derive; easy. }
  rewrite <- E; replace (- 2 * gauss x * (x * RInt (fun t => gauss (x * t)) 0 1))
    with (scal (- 2 * x * gauss x) (RInt (fun t => gauss (x * t)) 0 1))
    by (unfold scal; simpl; unfold mult; simpl; ring).
  rewrite <- (@RInt_scal R_CompleteNormedModule).
  - apply RInt_ext; intros t _; unfold kernel_dx, gauss.
    replace (exp (- x ^ 2 * (1 + t ^ 2))) with (exp (- x ^ 2) * exp (- (x * t) ^ 2))
      by (rewrite <- exp_plus; f_equal; ring).
    unfold scal; simpl; unfold mult; simpl; ring.
  - apply (@ex_RInt_continuous R_CompleteNormedModule); intros t _.
    apply (@ex_derive_continuous R_AbsRing R_NormedModule); unfold gauss; auto_derive; easy.
Qed.

Lemma K_0 : K 0 = PI / 4.
Proof.
  unfold K; rewrite (RInt_ext _ (fun t => / (1 + t ^ 2))).
  - rewrite (is_RInt_unique (fun t => / (1 + t ^ 2)) 0 1 (atan 1 - atan 0)).
    + rewrite atan_1, atan_0; apply Rminus_0_r.
    + apply (is_RInt_derive atan (fun t => / (1 + t ^ 2))); intros t _; pose proof (pow2_ge_0 t).
      * apply arctan_derive.
      * apply (@ex_derive_continuous R_AbsRing R_NormedModule); auto_derive; simpl in *; lra.
  - intros t _; unfold kernel; replace (- 0 ^ 2 * (1 + t ^ 2)) with 0 by ring; rewrite exp_0.
    pose proof (pow2_ge_0 t); change (1 / (1 + t ^ 2) = / (1 + t ^ 2) :> R); field; lra.
Qed.

Lemma K_nonneg x : 0 <= K x.
Proof.
  apply RInt_ge_0; [lra | apply (@ex_RInt_continuous R_CompleteNormedModule); intros; apply kernel_continuous|].
  intros t _; unfold kernel; pose proof (pow2_ge_0 t); apply Rlt_le, Rdiv_lt_0_compat; [apply exp_pos | lra].
Qed.

Lemma area_and_K x : area x ^ 2 + K x = PI / 4.
Proof.
  assert (H : forall y, is_derive (fun y => area y ^ 2 + K y) y 0).
  { intros y; evar_last.
    - apply @is_derive_plus; [apply is_derive_pow, area_derive | apply K_derive].
    - rewrite K_derivative; unfold plus; simpl; ring. }
  destruct (mean_value _ _ 0 x H) as (c & _ & E).
  assert (A0 : area 0 = 0) by (unfold area; apply (@RInt_point R_CompleteNormedModule)).
  rewrite A0, K_0 in E; lra.
Qed.

Theorem erf_s0_bound x : Rabs (erf x) <= erf_s0.
Proof.
  pose proof (area_and_K x); pose proof (K_nonneg x); destruct sqrt_PI as [HP EP].
  rewrite erf_area, Rabs_mult; unfold erf_s0; rewrite Rabs_pos_eq by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  assert (A : Rabs (area x) <= sqrt PI / 2).
  { apply Rsqr_incr_0_var; [|lra]; unfold Rsqr; pose proof (pow2_abs (area x)); nra. }
  apply Rmult_le_reg_r with (sqrt PI / 2); [lra|].
  replace (2 / sqrt PI * Rabs (area x) * (sqrt PI / 2)) with (Rabs (area x)) by (field; lra); lra.
Qed.

(** K(x) <= e^(-x^2): the limit of erf is 1. *)
Theorem erf_s0_attained : is_lim erf p_infty erf_s0.
Proof.
  destruct sqrt_PI as [HP EP]; unfold erf_s0.
  assert (B : forall x, 0 < x -> 0 <= 1 - erf x <= 4 / PI * / x).
  { intros x Hx; pose proof (erf_s0_bound x) as U; unfold erf_s0 in U; pose proof (Rle_abs (erf x)).
    assert (Kle : K x <= gauss x).
    { unfold K; apply Rle_trans with (RInt (fun _ => gauss x) 0 1).
      - apply RInt_le; [lra| | |].
        + apply (@ex_RInt_continuous R_CompleteNormedModule); intros; apply kernel_continuous.
        + apply (@ex_RInt_const R_NormedModule).
        + intros t _; unfold kernel; pose proof (pow2_ge_0 t); apply Rle_trans with (exp (- x ^ 2 * (1 + t ^ 2))).
          * pose proof (exp_pos (- x ^ 2 * (1 + t ^ 2))).
            apply Rmult_le_reg_r with (1 + t ^ 2); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; nra.
          * unfold gauss; replace (- x ^ 2 * (1 + t ^ 2)) with (- x ^ 2 + - (x ^ 2 * t ^ 2)) by ring; rewrite exp_plus.
            pose proof (exp_pos (- x ^ 2)); pose proof (exp_neg_le_1 (x ^ 2 * t ^ 2) ltac:(nra)); nra.
      - rewrite RInt_const; unfold scal; simpl; unfold mult; simpl; lra. }
    assert (G : gauss x * x <= 1).
    { pose proof (gauss_le_inv x (1 + x ^ 2) ltac:(nra)) as P; specialize (P (exp_ineq1_le (x ^ 2))).
      pose proof (gauss_pos x); assert (x <= 1 + x ^ 2) by nra; nra. }
    pose proof (area_and_K x) as E; pose proof (area_nonneg x ltac:(lra)).
    rewrite erf_area; rewrite erf_area in U, H; set (a := area x) in *; split; [lra|].
    (* with u = 2 a / sqrt pi in [0, 1]:  1 - u <= 1 - u^2 = 4 K/pi <= 4/(pi x) *)
    set (u := 2 / sqrt PI * a) in *; assert (0 <= u) by (apply Rmult_le_pos; [apply Rlt_le, Rdiv_lt_0_compat|]; lra).
    assert (Eu : u ^ 2 = 4 / PI * a ^ 2)
      by (unfold u; replace ((2 / sqrt PI * a) ^ 2) with (4 / sqrt PI ^ 2 * a ^ 2) by (field; lra); now rewrite EP).
    assert (PI_pos := PI_RGT_0).
    assert (1 - u ^ 2 = 4 / PI * K x) by (rewrite Eu; replace (a ^ 2) with (PI / 4 - K x) by lra; field; lra).
    assert (4 / PI * K x <= 4 / PI * / x).
    { apply Rmult_le_compat_l; [apply Rlt_le, Rdiv_lt_0_compat; lra|].
      apply Rmult_le_reg_r with x; [easy|]; rewrite Rinv_l by lra; nra. }
    nra. }
  apply is_lim_spec; intros eps; exists (4 / PI / eps); intros x Hx.
  pose proof (cond_pos eps); pose proof PI_RGT_0.
  assert (0 < 4 / PI / eps) by (repeat apply Rdiv_lt_0_compat; lra).
  specialize (B x ltac:(lra)); rewrite Rabs_minus_sym, Rabs_pos_eq by lra.
  eapply Rle_lt_trans; [apply B|].
  apply Rmult_lt_reg_r with x; [lra|]; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rmult_lt_compat_r with (r := eps) in Hx; [|easy].
  replace (4 / PI / eps * eps) with (4 / PI) in Hx by (field; lra); lra.
Qed.

(** * GELU, x Phi(x) with Phi(x) = (1 + erf(x/sqrt 2))/2 and density phi:
      sigma' = Phi + x phi,  sigma'' = (2 - x^2) phi,  sigma''' = (x^3 - 4 x) phi *)

Definition Phi x := (1 + erf (x / sqrt 2)) / 2.
Definition phi x := exp (- x ^ 2 / 2) / (sqrt 2 * sqrt PI).
Definition gelu_d1 x := Phi x + x * phi x.
Definition gelu_d2 x := (2 - x ^ 2) * phi x.
Definition gelu_d3 x := (x ^ 3 - 4 * x) * phi x.

Lemma sqrt_2 : 0 < sqrt 2 /\ sqrt 2 ^ 2 = 2.
Proof. split; [apply sqrt_lt_R0; lra | apply pow2_sqrt; lra]. Qed.

Lemma phi_pos x : 0 < phi x.
Proof. destruct sqrt_2, sqrt_PI; apply Rdiv_lt_0_compat; [apply exp_pos | nra]. Qed.

Lemma half_square x : (x / sqrt 2) ^ 2 = x ^ 2 / 2.
Proof. destruct sqrt_2 as [H E]; replace ((x / sqrt 2) ^ 2) with (x ^ 2 / sqrt 2 ^ 2) by (field; lra); now rewrite E. Qed.

Lemma Phi_derive x : is_derive Phi x (phi x).
Proof.
  destruct sqrt_2, sqrt_PI; unfold Phi, phi; auto_derive; [easy|].
  unfold UnaryDiff_f', UnaryDiff_erf, bell, gauss; replace (x * / sqrt 2) with (x / sqrt 2) by easy.
  rewrite half_square; replace (- (x ^ 2 / 2)) with (- x ^ 2 / 2) by field; field; lra.
Qed.
Lemma phi_derive x : is_derive phi x (- x * phi x).
Proof.
  destruct sqrt_2, sqrt_PI; unfold phi; auto_derive; [nra|]; simpl.
  replace (- (x * (x * 1)) * / 2) with (- (x * (x * 1)) / 2) by easy; field; lra.
Qed.
Global Instance UnaryDiff_Phi : UnaryDiff Phi. Proof. exists phi; exact Phi_derive. Defined.
Global Instance UnaryDiff_phi : UnaryDiff phi. Proof. exists (fun x => - x * phi x); exact phi_derive. Defined.

Lemma gelu_derive x : is_derive gelu x (gelu_d1 x).
Proof.
  apply (is_derive_ext (fun x => x * Phi x)); [easy|].
  unfold gelu_d1; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_Phi; ring].
Qed.
Lemma gelu_derive_2 x : is_derive gelu_d1 x (gelu_d2 x).
Proof.
  unfold gelu_d1, gelu_d2; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_Phi, UnaryDiff_phi; ring].
Qed.
Lemma gelu_derive_3 x : is_derive gelu_d2 x (gelu_d3 x).
Proof. unfold gelu_d2, gelu_d3; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_phi; ring]. Qed.

Lemma phi_even x : phi (- x) = phi x.
Proof. unfold phi; do 3 f_equal; ring. Qed.
Lemma Phi_opp x : Phi (- x) = 1 - Phi x.
Proof.
  unfold Phi; replace (- x / sqrt 2) with (- (x / sqrt 2)) by (destruct sqrt_2; field; lra).
  rewrite !erf_area, area_opp; field; destruct sqrt_PI; lra.
Qed.
Lemma gelu_d1_opp x : gelu_d1 (- x) = 1 - gelu_d1 x.
Proof. unfold gelu_d1; rewrite Phi_opp, phi_even; ring. Qed.

Lemma Phi_half x : 0 <= x -> 1 / 2 <= Phi x.
Proof.
  intros; unfold Phi; rewrite erf_area; destruct sqrt_2, sqrt_PI.
  assert (0 <= area (x / sqrt 2)) by (apply area_nonneg, Rdiv_le_0_compat; easy).
  assert (0 <= 2 / sqrt PI) by (apply Rlt_le, Rdiv_lt_0_compat; lra); nra.
Qed.

Lemma gelu_s1_value : gelu_d1 gelu_s1_at = gelu_s1.
Proof.
  destruct sqrt_2 as [H E], sqrt_PI as [HP _]; unfold gelu_d1, Phi, phi, gelu_s1_at, gelu_s1.
  replace (sqrt 2 / sqrt 2) with 1 by (field; lra); rewrite E; replace (- (2) / 2) with (-1) by field; field; lra.
Qed.

(** sigma'' > 0 on [0, sqrt 2), < 0 beyond: sigma' is largest at sqrt 2. *)
Lemma gelu_d1_le x : 0 <= x -> 1 / 2 <= gelu_d1 x <= gelu_s1.
Proof.
  intros Hx; destruct sqrt_2 as [H E]; split.
  - unfold gelu_d1; pose proof (Phi_half x Hx); pose proof (phi_pos x); nra.
  - rewrite <- gelu_s1_value; unfold gelu_s1_at.
    apply (largest_at gelu_d1 gelu_d2 0 (Rmax x (sqrt 2)) (sqrt 2) gelu_derive_2).
    + pose proof (Rmax_r x (sqrt 2)); lra.
    + intros y Hy; unfold gelu_d2; pose proof (phi_pos y); apply Rmult_le_pos; nra.
    + intros y Hy; unfold gelu_d2; pose proof (phi_pos y); assert (0 <= (y ^ 2 - 2) * phi y) by (apply Rmult_le_pos; nra); lra.
    + split; [easy | apply Rmax_l].
Qed.

Theorem gelu_s1_bound x : Rabs (Derive gelu x) <= gelu_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (gelu_derive x)); pose proof (gelu_d1_le 0 ltac:(lra)).
  apply Rabs_le; destruct (Rle_or_lt 0 x) as [P|P].
  - pose proof (gelu_d1_le x P); lra.
  - pose proof (gelu_d1_le (- x) ltac:(lra)) as L; rewrite gelu_d1_opp in L; lra.
Qed.

Lemma phi_times x p : 0 < p -> p <= exp (x ^ 2 / 2) -> p * phi x <= / (sqrt 2 * sqrt PI).
Proof.
  intros Hp H; destruct sqrt_2, sqrt_PI; unfold phi.
  assert (exp (- x ^ 2 / 2) * p <= 1).
  { replace (- x ^ 2 / 2) with (- (x ^ 2 / 2)) by field; rewrite exp_Ropp; pose proof (exp_pos (x ^ 2 / 2)).
    apply Rmult_le_reg_l with (exp (x ^ 2 / 2)); [easy|]; rewrite <- Rmult_assoc, Rinv_r by lra; lra. }
  assert (0 < / (sqrt 2 * sqrt PI)) by (apply Rinv_0_lt_compat; nra).
  unfold Rdiv; rewrite <- Rmult_assoc, (Rmult_comm p); nra.
Qed.

Lemma gelu_s2_value : gelu_s2 = 2 * / (sqrt 2 * sqrt PI).
Proof.
  destruct sqrt_2 as [H E], sqrt_PI; unfold gelu_s2.
  apply Rmult_eq_reg_r with (sqrt 2 * sqrt PI); [|nra].
  replace (sqrt 2 / sqrt PI * (sqrt 2 * sqrt PI)) with (sqrt 2 ^ 2) by (field; lra); rewrite E; field; lra.
Qed.

(** |2 - x^2| <= 2 (1 + x^2/2) <= 2 e^(x^2/2) *)
Theorem gelu_s2_bound x : Rabs (Derive_n gelu 2 x) <= gelu_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ gelu_derive gelu_derive_2), gelu_s2_value; unfold gelu_d2.
  pose proof (pow2_ge_0 x); pose proof (phi_pos x).
  pose proof (phi_times x (1 + x ^ 2 / 2) ltac:(lra) (exp_ineq1_le _)).
  rewrite Rabs_mult, (Rabs_pos_eq (phi x)) by lra.
  assert (Rabs (2 - x ^ 2) <= 2 * (1 + x ^ 2 / 2)) by (apply Rabs_le; lra); nra.
Qed.

(** sigma''' is largest in modulus at a = sqrt((7 - sqrt 33)/2): it is monotone on [0, a] and [a, 2], and small beyond. *)
Lemma sqrt_33 : 5 <= sqrt 33 <= 6 /\ sqrt 33 ^ 2 = 33.
Proof.
  assert (H : 0 < sqrt 33) by (apply sqrt_lt_R0; lra); assert (E : sqrt 33 ^ 2 = 33) by (apply pow2_sqrt; lra).
  repeat split; nra.
Qed.

Lemma gelu_a : 0 < gelu_s3_at <= 1 /\ gelu_s3_at ^ 2 = (7 - sqrt 33) / 2.
Proof.
  destruct sqrt_33 as [H E]; unfold gelu_s3_at; replace (7 / 2 + -1 * (1 / 2) * sqrt 33) with ((7 - sqrt 33) / 2) by field.
  assert (P : 0 < sqrt ((7 - sqrt 33) / 2)) by (apply sqrt_lt_R0; lra).
  assert (Q : sqrt ((7 - sqrt 33) / 2) ^ 2 = (7 - sqrt 33) / 2) by (apply pow2_sqrt; lra).
  repeat split; [easy | nra | easy].
Qed.

Lemma gelu_d4 x : is_derive (fun y => - gelu_d3 y) x ((x ^ 4 - 7 * x ^ 2 + 4) * phi x).
Proof. unfold gelu_d3; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_phi; ring]. Qed.

(** x^4 - 7 x^2 + 4 = (x^2 - a^2)(x^2 - b^2) with b^2 = (7 + sqrt 33)/2 > 4 *)
Lemma gelu_d3_left x : 0 <= x <= 2 -> - gelu_d3 x <= - gelu_d3 gelu_s3_at.
Proof.
  destruct gelu_a as [A Ea], sqrt_33 as [H E]; set (a := gelu_s3_at) in *; set (q := sqrt 33) in *; intros Hx.
  assert (F : forall y, (y ^ 4 - 7 * y ^ 2 + 4) * phi y = ((y ^ 2 - a ^ 2) * (y ^ 2 - (7 + q) / 2)) * phi y).
  { intros y; f_equal; rewrite Ea; replace ((y ^ 2 - (7 - q) / 2) * (y ^ 2 - (7 + q) / 2))
      with (y ^ 4 - 7 * y ^ 2 + (49 - q ^ 2) / 4) by field; rewrite E; field. }
  apply (largest_at (fun y => - gelu_d3 y) (fun y => (y ^ 4 - 7 * y ^ 2 + 4) * phi y) 0 2 a gelu_d4); [lra| | |easy].
  - intros y Hy; rewrite F; pose proof (phi_pos y); apply Rmult_le_pos; [|lra].
    assert (0 <= (a ^ 2 - y ^ 2) * ((7 + q) / 2 - y ^ 2)) by (apply Rmult_le_pos; nra); lra.
  - intros y Hy; rewrite F; pose proof (phi_pos y).
    assert (0 <= (y ^ 2 - a ^ 2) * ((7 + q) / 2 - y ^ 2)) by (apply Rmult_le_pos; nra); nra.
Qed.

(** x^3 - 4 x <= 3/2 (1 + x^2/6)^3 <= 3/2 e^(x^2/2) for x >= 2, and 3/2 <= 3 e^(-1/2) = -sigma'''(1) sqrt(2 pi) *)
Lemma gelu_d3_right x : 2 <= x -> 0 <= gelu_d3 x <= - gelu_d3 gelu_s3_at.
Proof.
  intros Hx; pose proof (phi_pos x); unfold gelu_d3 at 1 2; split; [apply Rmult_le_pos; nra|].
  apply Rle_trans with (- gelu_d3 1); [|apply gelu_d3_left; lra].
  assert (K : (1 + x ^ 2 / 2 / 3) ^ 3 * phi x <= / (sqrt 2 * sqrt PI)).
  { apply phi_times; [apply pow_lt; nra | apply exp_ge_cube; nra]. }
  assert (L : x ^ 3 - 4 * x <= 3 / 2 * (1 + x ^ 2 / 2 / 3) ^ 3).
  { assert (0 <= (x ^ 2 - 8) ^ 2 * (x ^ 2 + 16)) by (apply Rmult_le_pos; [apply pow2_ge_0 | nra]).
    pose proof (pow2_ge_0 (x * (x - 4))); nra. }
  assert (M : / (sqrt 2 * sqrt PI) * (3 / 2) <= - gelu_d3 1).
  { unfold gelu_d3, phi; destruct sqrt_2, sqrt_PI; assert (0 < / (sqrt 2 * sqrt PI)) by (apply Rinv_0_lt_compat; nra).
    pose proof (exp_ineq1_le (- 1 ^ 2 / 2)); unfold Rdiv at 3; nra. }
  apply Rle_trans with (3 / 2 * (1 + x ^ 2 / 2 / 3) ^ 3 * phi x); [apply Rmult_le_compat_r; lra|]; lra.
Qed.

Lemma gelu_s3_value : - gelu_d3 gelu_s3_at = gelu_s3.
Proof.
  destruct gelu_a as [A Ea], sqrt_2 as [H2 E2], sqrt_PI; unfold gelu_s3; fold gelu_s3_at; unfold gelu_d3, phi; rewrite Ea.
  replace (- ((7 - sqrt 33) / 2) / 2) with (-7 / 4 + 1 / 4 * sqrt 33) by field; set (e := exp _); set (a := gelu_s3_at).
  apply Rmult_eq_reg_r with (sqrt 2 * sqrt PI); [|nra].
  replace (1 / 2 * sqrt 2 * (-1 * a ^ 3 + 4 * a) * e / sqrt PI * (sqrt 2 * sqrt PI))
    with (1 / 2 * sqrt 2 ^ 2 * (-1 * a ^ 3 + 4 * a) * e) by (field; lra).
  rewrite E2; field; lra.
Qed.

Lemma gelu_d3_opp x : gelu_d3 (- x) = - gelu_d3 x.
Proof. unfold gelu_d3; rewrite phi_even; ring. Qed.

Lemma gelu_d3_le x : 0 <= x -> Rabs (gelu_d3 x) <= gelu_s3.
Proof.
  intros Hx; rewrite <- gelu_s3_value; apply Rabs_le; destruct (Rle_or_lt x 2) as [P|P].
  - pose proof (gelu_d3_left x ltac:(lra)); pose proof (gelu_d3_left 0 ltac:(lra)) as Z.
    unfold gelu_d3 at 1 in Z; replace (- ((0 ^ 3 - 4 * 0) * phi 0)) with 0 in Z by ring.
    assert (gelu_d3 x <= 0); [|lra]; unfold gelu_d3; pose proof (phi_pos x).
    assert (0 <= (4 * x - x ^ 3) * phi x) by (apply Rmult_le_pos; nra); lra.
  - pose proof (gelu_d3_right x ltac:(lra)); lra.
Qed.

Theorem gelu_s3_bound x : Rabs (Derive_n gelu 3 x) <= gelu_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ gelu_derive gelu_derive_2 gelu_derive_3); destruct (Rle_or_lt 0 x); [now apply gelu_d3_le|].
  rewrite <- Rabs_Ropp, <- gelu_d3_opp; apply gelu_d3_le; lra.
Qed.

Theorem gelu_attained :
  Rabs (Derive gelu gelu_s1_at) = gelu_s1 /\ Rabs (Derive_n gelu 2 gelu_s2_at) = gelu_s2 /\
  Rabs (Derive_n gelu 3 gelu_s3_at) = gelu_s3.
Proof.
  rewrite (is_derive_unique _ _ _ (gelu_derive _)), (Derive_n_2 _ _ _ gelu_derive gelu_derive_2).
  rewrite (Derive_n_3 _ _ _ _ gelu_derive gelu_derive_2 gelu_derive_3).
  pose proof (gelu_d1_le 0 ltac:(lra)); destruct sqrt_2, sqrt_PI.
  assert (0 < / (sqrt 2 * sqrt PI)) by (apply Rinv_0_lt_compat; nra); repeat split.
  - rewrite gelu_s1_value; apply Rabs_pos_eq; lra.
  - rewrite gelu_s2_value; unfold gelu_d2, phi, gelu_s2_at; replace (- 0 ^ 2 / 2) with 0 by field; rewrite exp_0.
    replace ((2 - 0 ^ 2) * (1 / (sqrt 2 * sqrt PI))) with (2 * / (sqrt 2 * sqrt PI)) by (field; lra); apply Rabs_pos_eq; lra.
  - rewrite <- Rabs_Ropp, gelu_s3_value; apply Rabs_pos_eq; pose proof (gelu_d3_le 1 ltac:(lra)); pose proof (Rabs_pos (gelu_d3 1)); lra.
Qed.

Theorem gelu_unbounded x : 0 <= x -> x / 2 <= gelu x.
Proof. intros H; pose proof (Phi_half x H); change (gelu x) with (x * Phi x); nra. Qed.
