(** The constants of lipsym's tables.  Generated: python proofs/coq_constants.py

    For each activation: its value, c0 = sigma(0), s0 = sup |sigma| and s1, s2, s3, the least Lipschitz constants of
    sigma, sigma', sigma''; [_at] is the first finite point where the table says the constant is attained.
    Infinite constants are comments. *)
From Coq Require Import Reals.
From Lipsym Require Import Functions.
Open Scope R_scope.

Definition identity_value (z : R) : R := z.
Definition identity_c0 : R := 0.
(* identity_s0 is infinite *)
Definition identity_s1 : R := 1.
Definition identity_s1_at : R := 0.
Definition identity_s2 : R := 0.
Definition identity_s2_at : R := 0.
Definition identity_s3 : R := 0.
Definition identity_s3_at : R := 0.

Definition tanh_value (z : R) : R := (tanh z).
Definition tanh_c0 : R := 0.
Definition tanh_s0 : R := 1.
Definition tanh_s1 : R := 1.
Definition tanh_s1_at : R := 0.
Definition tanh_s2 : R := ((4 / 9) * (sqrt 3)).
Definition tanh_s2_at : R := ((1 / 2) * (ln ((sqrt 3) + 2))).
Definition tanh_s3 : R := 2.
Definition tanh_s3_at : R := 0.

Definition sigmoid_value (z : R) : R := (sigmoid z).
Definition sigmoid_c0 : R := (1 / 2).
Definition sigmoid_s0 : R := 1.
Definition sigmoid_s1 : R := (1 / 4).
Definition sigmoid_s1_at : R := 0.
Definition sigmoid_s2 : R := ((1 / 18) * (sqrt 3)).
Definition sigmoid_s2_at : R := (ln ((sqrt 3) + 2)).
Definition sigmoid_s3 : R := (1 / 8).
Definition sigmoid_s3_at : R := 0.

Definition softplus_value (z : R) : R := (softplus z).
Definition softplus_c0 : R := (ln 2).
(* softplus_s0 is infinite *)
Definition softplus_s1 : R := 1.
Definition softplus_s2 : R := (1 / 4).
Definition softplus_s2_at : R := 0.
Definition softplus_s3 : R := ((1 / 18) * (sqrt 3)).
Definition softplus_s3_at : R := (ln ((sqrt 3) + 2)).

Definition sin_value (z : R) : R := (sin z).
Definition sin_c0 : R := 0.
Definition sin_s0 : R := 1.
Definition sin_s0_at : R := ((1 / 2) * PI).
Definition sin_s1 : R := 1.
Definition sin_s1_at : R := 0.
Definition sin_s2 : R := 1.
Definition sin_s2_at : R := ((1 / 2) * PI).
Definition sin_s3 : R := 1.
Definition sin_s3_at : R := 0.

Definition arctan_value (z : R) : R := (atan z).
Definition arctan_c0 : R := 0.
Definition arctan_s0 : R := ((1 / 2) * PI).
Definition arctan_s1 : R := 1.
Definition arctan_s1_at : R := 0.
Definition arctan_s2 : R := ((3 / 8) * (sqrt 3)).
Definition arctan_s2_at : R := ((1 / 3) * (sqrt 3)).
Definition arctan_s3 : R := 2.
Definition arctan_s3_at : R := 0.

Definition erf_value (z : R) : R := (erf z).
Definition erf_c0 : R := 0.
Definition erf_s0 : R := 1.
Definition erf_s1 : R := (2 / (sqrt PI)).
Definition erf_s1_at : R := 0.
Definition erf_s2 : R := ((2 * (sqrt 2) * (exp ((-1) / 2))) / (sqrt PI)).
Definition erf_s2_at : R := ((1 / 2) * (sqrt 2)).
Definition erf_s3 : R := (4 / (sqrt PI)).
Definition erf_s3_at : R := 0.

Definition softsign_value (z : R) : R := (z / ((Rabs z) + 1)).
Definition softsign_c0 : R := 0.
Definition softsign_s0 : R := 1.
Definition softsign_s1 : R := 1.
Definition softsign_s1_at : R := 0.
Definition softsign_s2 : R := 2.
Definition softsign_s2_at : R := 0.
(* softsign_s3 is infinite *)

Definition gelu_value (z : R) : R := (z * (((1 / 2) * (erf ((1 / 2) * (sqrt 2) * z))) + (1 / 2))).
Definition gelu_c0 : R := 0.
(* gelu_s0 is infinite *)
Definition gelu_s1 : R := (((exp (-1)) / (sqrt PI)) + ((1 / 2) * (erf 1)) + (1 / 2)).
Definition gelu_s1_at : R := (sqrt 2).
Definition gelu_s2 : R := ((sqrt 2) / (sqrt PI)).
Definition gelu_s2_at : R := 0.
Definition gelu_s3 : R := (((1 / 2) * (sqrt 2) * (((-1) * ((sqrt ((7 / 2) + ((-1) * (1 / 2) * (sqrt 33)))) ^ 3)) + (4 * (sqrt ((7 / 2) + ((-1) * (1 / 2) * (sqrt 33)))))) * (exp (((-7) / 4) + ((1 / 4) * (sqrt 33))))) / (sqrt PI)).
Definition gelu_s3_at : R := (sqrt ((7 / 2) + ((-1) * (1 / 2) * (sqrt 33)))).

Definition silu_value (z : R) : R := (z * (sigmoid z)).
Definition silu_c0 : R := 0.
(* silu_s0 is infinite *)
Definition silu_s1 : R := (((1 / 4) * (isolated_root (fun x => ((x * (tanh ((1 / 2) * x))) + (-2))) 2 3)) + (1 / 2)).
Definition silu_s1_at : R := (isolated_root (fun x => ((x * (tanh ((1 / 2) * x))) + (-2))) 2 3).
Definition silu_s2 : R := (1 / 2).
Definition silu_s2_at : R := 0.
Definition silu_s3 : R := (((1 / 4) + ((-1) * (1 / 4) * ((tanh ((1 / 2) * (isolated_root (fun x => (((-1) * 3 * x * ((tanh ((1 / 2) * x)) ^ 3)) + (2 * x * (tanh ((1 / 2) * x))) + (6 * ((tanh ((1 / 2) * x)) ^ 2)) + (-2))) 1 (5 / 4)))) ^ 2))) * (((1 / 2) * (1 + ((-1) * 3 * ((tanh ((1 / 2) * (isolated_root (fun x => (((-1) * 3 * x * ((tanh ((1 / 2) * x)) ^ 3)) + (2 * x * (tanh ((1 / 2) * x))) + (6 * ((tanh ((1 / 2) * x)) ^ 2)) + (-2))) 1 (5 / 4)))) ^ 2))) * (isolated_root (fun x => (((-1) * 3 * x * ((tanh ((1 / 2) * x)) ^ 3)) + (2 * x * (tanh ((1 / 2) * x))) + (6 * ((tanh ((1 / 2) * x)) ^ 2)) + (-2))) 1 (5 / 4))) + (3 * (tanh ((1 / 2) * (isolated_root (fun x => (((-1) * 3 * x * ((tanh ((1 / 2) * x)) ^ 3)) + (2 * x * (tanh ((1 / 2) * x))) + (6 * ((tanh ((1 / 2) * x)) ^ 2)) + (-2))) 1 (5 / 4))))))).
Definition silu_s3_at : R := (isolated_root (fun x => (((-1) * 3 * x * ((tanh ((1 / 2) * x)) ^ 3)) + (2 * x * (tanh ((1 / 2) * x))) + (6 * ((tanh ((1 / 2) * x)) ^ 2)) + (-2))) 1 (5 / 4)).

Definition elu_value (z : R) : R := ((exp (Rmin 0 z)) + (Rmax 0 z) + (-1)).
Definition elu_c0 : R := 0.
(* elu_s0 is infinite *)
Definition elu_s1 : R := 1.
Definition elu_s1_at : R := 0.
Definition elu_s2 : R := 1.
Definition elu_s2_at : R := 0.
(* elu_s3 is infinite *)

Definition relu_value (z : R) : R := (Rmax 0 z).
Definition relu_c0 : R := 0.
(* relu_s0 is infinite *)
Definition relu_s1 : R := 1.
Definition relu_s1_at : R := 0.
(* relu_s2 is infinite *)
(* relu_s3 is infinite *)

Definition leaky_relu_value (z : R) : R := (((1 / 100) * z) + ((99 / 100) * (Rmax 0 z))).
Definition leaky_relu_c0 : R := 0.
(* leaky_relu_s0 is infinite *)
Definition leaky_relu_s1 : R := 1.
Definition leaky_relu_s1_at : R := 0.
(* leaky_relu_s2 is infinite *)
(* leaky_relu_s3 is infinite *)

Definition mse_G2 : R := 1.
Definition mse_G3 : R := 0.

Definition cross_entropy_G1 : R := (sqrt 2).
Definition cross_entropy_G2 : R := (1 / 2).
Definition cross_entropy_G3 : R := ((1 / 9) * (sqrt 6)).

Definition logistic_G1 : R := 1.
Definition logistic_G2 : R := (1 / 4).
Definition logistic_G3 : R := ((1 / 18) * (sqrt 3)).

Definition huber_G2 : R := 1.
(* huber_G3 is infinite *)
